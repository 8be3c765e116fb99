# A wire to send captures over, between two virtual interfaces in a network namespace of its own: `sender` and `sensor`.
# Sourced by soak.sh and limit.sh, which run themselves again within `unshare --net --mount` before.

# What is removed and who is ended when the script ends.
folder=$(mktemp -d)
processes=()
clean_up() {
    kill "${processes[@]}" 2>/dev/null || true
    wait 2>/dev/null || true
    rm -rf "$folder"
}
trap clean_up EXIT

lay_wire() {
    ip link set lo up
    echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
    # Frames that were captured behind offloading are longer than any on a real wire.
    ip link add sensor mtu 65535 type veth peer name sender mtu 65535
    ip link set sensor up
    ip link set sender up
}

# Writes the captures of this project to a file, as one.
own_captures() {
    # Of IPv6 connections, tcpreplay gives each direction other addresses.
    find pcaps -maxdepth 1 -name '*.pcap' ! -name 'ipv6-*' -print0 | sort -z | xargs -0 mergecap -a -F pcap -w "$1"
}
