#!/usr/bin/env bash
# Finds the rate up to which `rpcscope watch` drops no frame, and beside it that of Suricata with only its dcerpc and smb
# parsers, on the same pair of virtual interfaces in the same run.
#
#   scripts/limit.sh [CAPTURE [SECONDS]]      the captures in pcaps/, 5 s for each rate
#
# Each sensor runs with one thread and 8 MiB of ring, so that a few seconds tell; the sender runs beside it on the same
# machine: on few cores it takes its share of them, so that the figures are comparable with each other and not with those
# of a real port. Binary search over rates: a rate counts as held when the kernel and the sensor dropped nothing. When a
# sensor keeps up with all that can be sent, it is searched again with the sensor stopped for 45 of every 50 ms: with a
# tenth of its time. Needs root, tcpreplay, mergecap, jq, and a built rpcscope: RPCSCOPE names it, else it is
# target/release/rpcscope. Suricata is left out when it is not installed.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${LIMIT_INSIDE:-}" ]; then
    LIMIT_INSIDE=1 exec unshare --net --mount "$0" "$@"
fi
capture=${1:-}
seconds=${2:-5}
sensor=$(realpath "${RPCSCOPE:-target/release/rpcscope}")
. scripts/wire.sh

lay_wire
if [ -z "$capture" ]; then
    capture=$folder/own.pcap
    own_captures "$capture"
fi

# The names of Suricata's other parsers, switched off.
off() { printf '    %s: {enabled: no}\n' "$@"; }
cat >"$folder/suricata.yaml" <<END
%YAML 1.1
---
vars: {address-groups: {HOME_NET: "any", EXTERNAL_NET: "any"}, port-groups: {}}
default-log-dir: $folder
stats: {enabled: yes, interval: 1}
logging: {default-log-level: notice, outputs: [{console: {enabled: yes}}]}
outputs:
  - eve-log: {enabled: yes, filetype: regular, filename: /dev/null, types: [dcerpc, smb]}
  - eve-log: {enabled: yes, filetype: regular, filename: $folder/stats.json, types: [stats]}
runmode: workers
af-packet:
  - interface: sensor
    threads: 1
    cluster-id: 99
    cluster-type: cluster_flow
    defrag: no
    use-mmap: yes
    tpacket-v3: yes
    block-size: 131072
    # Slots as large as the longest frame, 64 KiB: 8 MiB.
    ring-size: 128
    checksum-checks: no
stream: {memcap: 2gb, checksum-validation: no, midstream: true, reassembly: {memcap: 4gb, depth: 0}}
flow: {memcap: 2gb}
app-layer:
  protocols:
    dcerpc: {enabled: yes}
    smb: {enabled: yes, detection-ports: {dp: "139, 445"}}
    dns: {tcp: {enabled: no}, udp: {enabled: no}}
$(off bittorrent-dht dhcp dnp3 enip ftp http http2 ike imap krb5 modbus mqtt nfs ntp pgsql quic rdp rfb sip smtp snmp ssh \
    telnet tftp tls)
END

# Each starts a sensor and waits until it watches, or stops it and prints what was dropped and how much was read.
start_rpcscope() {
    "$sensor" watch -i sensor -o "$folder/eve.json" --buffer 8M --stats 0 2>"$folder/messages" &
    watching=$!
    until grep -q '^watching ' "$folder/messages"; do sleep 0.1; done
}
stop_rpcscope() {
    kill -TERM "$watching"
    wait "$watching" || true
    tail -1 "$folder/eve.json" | jq -r '"\(.stats.capture.kernel_drops + .rpcscope.packets_shed) \(.stats.decoder.pkts)"'
    rm -f "$folder/eve.json"
}
start_suricata() {
    rm -f "$folder/stats.json"
    suricata -c "$folder/suricata.yaml" --af-packet=sensor -S /dev/null >"$folder/messages" 2>&1 &
    watching=$!
    until grep -q 'Engine started' "$folder/messages"; do
        kill -0 "$watching" || { cat "$folder/messages" >&2; exit 2; }
        sleep 0.1
    done
}
stop_suricata() {
    sleep 1.5
    kill -TERM "$watching"
    wait "$watching" || true
    jq -sr 'map(select(.event_type == "stats")) | last | .stats | "\(.capture.kernel_drops) \(.decoder.pkts)"' "$folder/stats.json"
}

# Stops a process for 45 of every 50 ms, until it is killed itself.
hold_back() {
    while kill -STOP "$1" 2>/dev/null; do
        sleep 0.045
        kill -CONT "$1"
        sleep 0.005
    done
}

# Sends at a rate, given as an option of tcpreplay, to a sensor, which gets all of its time or a tenth. Sets sent, dropped, rated.
try() {
    "start_$1"
    processes=("$watching")
    if [ "$3" = tenth ]; then
        hold_back "$watching" &
        holding=$!
        processes+=("$holding")
    fi
    tcpreplay -q -i sender -K --loop=0 --unique-ip "$2" --duration="$seconds" "$capture" >"$folder/sent" 2>&1
    sent=$(awk '/^Actual:/ { print $2 }' "$folder/sent")
    rated=$(awk '/^Rated:/ { print $4 }' "$folder/sent")
    if [ "$3" = tenth ]; then
        kill "$holding"
        wait "$holding" 2>/dev/null || true
        kill -CONT "$watching"
    fi
    sleep 1
    "stop_$1" >"$folder/result"
    read -r dropped packets <"$folder/result"
    # What was neither read nor counted is lost, too.
    [ "$packets" -ge "$sent" ] || dropped=$((sent - packets))
    processes=()
    printf '  %-12s %-12s sent %9d frames, %8.1f Mbit/s: %8d dropped, %9d read\n' "$1" "${2#--}" "$sent" "$rated" "$dropped" "$packets"
}

# Searches the rate up to which a sensor drops nothing.
search() {
    local time=all name=$1
    try "$1" --topspeed $time
    if [ "$dropped" = 0 ]; then
        results+=("$(printf '%-26s no drop at all that the sender can send: %.0f Mbit/s, %d frames a second' \
            "$1" "$rated" $((sent / seconds)))")
        time=tenth name="$1 in a tenth of time"
        try "$1" --topspeed $time
    fi
    local low=0 high=${rated%.*} held=0 middle
    [ "$dropped" != 0 ] || low=$high held=$((sent / seconds))
    while [ $((high - low)) -gt $((high / 20)) ]; do
        middle=$(((low + high) / 2))
        try "$1" "--mbps=$middle" $time
        if [ "$dropped" = 0 ]; then low=$middle held=$((sent / seconds)); else high=$middle; fi
    done
    results+=("$(printf '%-26s no drop up to %d Mbit/s, %d frames a second' "$name" $low $held)")
}

echo "$(nproc) cores, shared with the sender; $seconds s for each rate"
results=()
search rpcscope
if command -v suricata >/dev/null; then search suricata; fi
printf '%s\n' "${results[@]}"
