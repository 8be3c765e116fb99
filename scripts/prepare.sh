# Installs what a build needs and is missing. Sourced by ../try and ../check.
# Only Debian's package manager is known; elsewhere it says what to install.

prepare() {
    command -v cargo >/dev/null 2>&1 || {
        echo "cargo is missing: install Rust 1.95 or later with rustup, then run this again" >&2
        exit 2
    }
    missing=
    command -v cc >/dev/null 2>&1 || missing="$missing gcc libc6-dev" # the linker; also compiles zstd
    has_libpcap || missing="$missing libpcap-dev" # live capture links it
    [ -z "$missing" ] || install_packages $missing
}

has_libpcap() {
    echo 'int main(void) { return 0; }' | cc -x c - -lpcap -o /dev/null 2>/dev/null
}

install_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        echo "missing: $* (Debian's names); install them and run this again" >&2
        exit 2
    fi
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif [ -t 0 ]; then
        printf 'missing: %s. Install with sudo apt-get? [y/N] ' "$*"
        read -r answer
        case $answer in
        y | Y | yes) as_root=sudo ;;
        *) exit 2 ;;
        esac
    else
        echo "missing: $*; run: sudo apt-get install $*" >&2
        exit 2
    fi
    $as_root apt-get update -qq
    $as_root apt-get install -y -qq "$@"
}
