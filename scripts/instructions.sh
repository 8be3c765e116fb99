#!/usr/bin/env bash
# Counts the instructions that a replay of small loads takes, and compares them with benches/instructions.txt: times vary
# on a machine that does other things, too, instructions hardly do. Of five runs on one machine, counts differ by less than
# 0.01 %; another processor has the C library choose other ways to copy. Fails when one takes more than 8 % more, and says
# so when one takes more than 3 % more or less.
#
#   scripts/instructions.sh            compare
#   scripts/instructions.sh --update   write the figures anew, after a change that is meant to cost, or of the compiler
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prepare.sh
command -v valgrind >/dev/null 2>&1 || install_packages valgrind

told=3
tolerance=8
figures=benches/instructions.txt
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT

cargo build --release --locked --quiet -p rpcscope-compare
program=${CARGO_TARGET_DIR:-target}/release/rpcscope-compare

# Prints the instructions of a program.
count() {
    valgrind --tool=cachegrind --cache-sim=no --cachegrind-out-file=/dev/null --log-file="$scratch/log" "$@" >/dev/null
    sed -n 's/.*I *refs: *//p' "$scratch/log" | tr -d ,
}

# One line for each thing that is measured: its name and its instructions.
measure() {
    "$program" load --profile mixed --size 20MB -o "$scratch/mixed.pcap" >/dev/null
    "$program" load --profile rpc --size 5MB -o "$scratch/rpc.pcap" >/dev/null
    "$program" rules 1000 "$scratch/rules"
    echo "mixed $(count "$program" replay --format eve --threads 1 "$scratch/mixed.pcap")"
    echo "rpc $(count "$program" replay --format eve --threads 1 "$scratch/rpc.pcap")"
    echo "rpc-rules $(count "$program" replay --format eve --threads 1 --rules "$scratch/rules" "$scratch/rpc.pcap")"
}

measure >"$scratch/figures"
if [ "${1:-}" = --update ]; then
    cp "$scratch/figures" "$figures"
    cat "$figures"
    exit
fi
join "$figures" "$scratch/figures" | awk -v told=$told -v tolerance=$tolerance -v figures=$figures '
    {
        change = 100 * ($3 - $2) / $2
        printf "%-10s %14d instructions, %+.1f %%\n", $1, $3, change
        if (change > tolerance) worse = 1
        if (change > told) more = 1
        if (change < -told) better = 1
    }
    END {
        if (worse) {
            print "more than " tolerance " % more instructions than in " figures ": find out why, or run scripts/instructions.sh --update"
            exit 1
        }
        if (more) print "more than " told " % more: find out why"
        if (better) print "better: run scripts/instructions.sh --update"
    }'
