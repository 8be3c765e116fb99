# Installs what the lab needs and is missing, after saying what that is. Sourced by record and check, which set `lab`.
# Sets `tools`, the folder of the programs of the lab's own Python environment.

. "$lab/../../scripts/prepare.sh"

tools="${XDG_CACHE_HOME:-$HOME/.cache}/rpcscope-lab/bin"

# What has to be there, and Debian's package for it: programs, modules of the system's Python, files.
needed_programs='samba:samba samba-tool:samba-common-bin smbclient:smbclient winbindd:winbind kinit:krb5-user
    tcpdump:tcpdump tshark:tshark ethtool:ethtool ip:iproute2'
needed_modules='samba:python3-samba dns:python3-dnspython yaml:python3-yaml ensurepip:python3-venv'
needed_files='/usr/share/samba/setup/provision.ldif:samba-ad-provision
    /usr/lib/*/samba/ldb/samldb.so:samba-dsdb-modules /usr/lib/*/samba/vfs/acl_xattr.so:samba-vfs-modules'

prepare_lab() {
    missing=$(missing_packages | sort -u)
    if [ -n "$missing" ]; then
        # One word for each package.
        echo "installing Debian packages:" $missing
        install_without_starting $missing
    fi
    if ! "$tools/python" -c 'import impacket, scapy, cryptography' 2>/dev/null; then
        echo "installing into $(dirname "$tools"):" $(grep -v '^#' "$lab/requirements.txt")
        /usr/bin/python3 -m venv "$(dirname "$tools")"
        "$tools/pip" install --quiet --disable-pip-version-check --requirement "$lab/requirements.txt"
    fi
    if command -v cargo >/dev/null 2>&1; then
        built="$(dirname "$tools")/dcerpc-client"
        [ -x "$built/release/dcerpc-client" ] || echo "building the client in Rust into $built"
        cargo build --quiet --release --locked --manifest-path "$lab/dcerpc-client/Cargo.toml" --target-dir "$built"
    fi
}

missing_packages() {
    for need in $needed_programs; do
        PATH=$PATH:/usr/sbin:/sbin command -v "${need%%:*}" >/dev/null 2>&1 || echo "${need#*:}"
    done
    for need in $needed_modules; do
        /usr/bin/python3 -c "import ${need%%:*}" 2>/dev/null || echo "${need#*:}"
    done
    for need in $needed_files; do
        ls ${need%%:*} >/dev/null 2>&1 || echo "${need#*:}"
    done
}

export DEBIAN_FRONTEND=noninteractive

# Debian would start a file server on this machine as soon as it is installed, and at every boot.
install_without_starting() {
    policy=/usr/sbin/policy-rc.d
    if [ -e $policy ]; then
        install_packages "$@"
    else
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        install_packages "$@"
        rm -f $policy
        trap - EXIT
    fi
    if [ -d /run/systemd/system ]; then
        systemctl disable --quiet smbd nmbd winbind samba-ad-dc 2>/dev/null || true
    fi
}

# Network namespaces and packages are root's.
become_root() {
    [ "$(id -u)" != 0 ] || return 0
    if [ -t 0 ]; then
        printf 'network namespaces and packages need root. Run this with sudo? [y/N] '
        read -r answer
        case $answer in y | Y | yes) exec sudo "$0" "$@" ;; esac
    fi
    echo "needs root; run: sudo $0 $*" >&2
    exit 2
}

run_lab() {
    PYTHONPATH="$lab" PYTHONDONTWRITEBYTECODE=1 exec /usr/bin/python3 -m rpclab --tools "$tools" "$@"
}
