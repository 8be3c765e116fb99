#!/usr/bin/env bash
# Lets a sensor watch generated traffic for a while, with its rules reloaded every minute, and says whether its memory
# stayed flat, whether frames were dropped, and whether it told all calls.
#
#   scripts/soak.sh [MINUTES [MEGABITS_PER_SECOND [CAPTURE]]]      60 minutes, 100 Mbit/s, the captures in pcaps/
#
# The capture is sent again and again with other addresses each time, over a pair of virtual interfaces in a network
# namespace of its own. `rpcscope-compare load` makes larger ones. Needs root, tcpreplay, mergecap, jq, curl, and a built
# rpcscope: RPCSCOPE names it, else it is target/release/rpcscope. A table of samples, one each 5 s, is left in soak.csv,
# or where SOAK_CSV says. Ends with status 1 when something was not as it should be.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ -z "${SOAK_INSIDE:-}" ]; then
    SOAK_INSIDE=1 exec unshare --net --mount "$0" "$@"
fi
minutes=${1:-60}
rate=${2:-100}
capture=${3:-}
sensor=${RPCSCOPE:-target/release/rpcscope}
csv=${SOAK_CSV:-soak.csv}
metrics=127.0.0.1:9464
. scripts/wire.sh

lay_wire

if [ -z "$capture" ]; then
    capture=$folder/own.pcap
    own_captures "$capture"
fi
# What one round of it holds.
"$sensor" replay -f eve "$capture" >"$folder/round.json"
frames_of_round=$(tail -1 "$folder/round.json" | jq .stats.decoder.pkts)
calls_of_round=$(tail -1 "$folder/round.json" | jq .rpcscope.calls)
rm "$folder/round.json"

cp -r rules "$folder/rules"
"$sensor" watch -i sensor -r "$folder/rules" -o "$folder/eve.json?rotate=256M&keep=1" --stats 60s --metrics $metrics \
    2>"$folder/messages" &
watching=$!
processes+=("$watching")
until grep -q '^watching ' "$folder/messages"; do
    kill -0 "$watching" || { cat "$folder/messages"; exit 2; }
    sleep 0.1
done

seconds=$((minutes * 60))
# With a timer that sleeps: one that spins takes a whole core.
tcpreplay -q -i sender -K --timer=nano --loop=0 --unique-ip --mbps="$rate" --duration="$seconds" "$capture" >"$folder/sent" 2>&1 &
sending=$!
processes+=("$sending")

# The value of a counter or a size.
value() { awk -v name="rpcscope_$1" '$1 == name || $1 == name "_total" { print $2 }' "$folder/metrics"; }

echo "seconds,rss_kb,anonymous_kb,frames,kernel_drops,packets_shed,batches_shed,lines_shed,calls,alerts,flows,reloads" >"$csv"
start=$SECONDS
reloaded=0
while kill -0 "$sending" 2>/dev/null; do
    sleep 5
    elapsed=$((SECONDS - start))
    curl -sf "http://$metrics/metrics" >"$folder/metrics" || { cat "$folder/messages"; exit 2; }
    row=$elapsed
    row+=,$(awk '/^VmRSS/ { print $2 }' "/proc/$watching/status")
    row+=,$(awk '/^RssAnon/ { print $2 }' "/proc/$watching/status")
    for name in kernel_packets kernel_drops packets_shed batches_shed lines_shed calls alerts flows_now reloads; do
        row+=,$(value $name)
    done
    echo "$row" >>"$csv"
    if [ $((elapsed / 60)) -gt "$reloaded" ]; then
        reloaded=$((elapsed / 60))
        # Another text each time, so that all of it is compiled again.
        echo "# $reloaded" >>"$folder/rules/wmi/wmi-activated.yml"
        kill -HUP "$watching"
    fi
done
sleep 1
kill -TERM "$watching"
wait "$watching"
last=$(tail -1 "$folder/eve.json")

sent=$(awk '/^Actual:/ { print $2 }' "$folder/sent")
awk '/^Rated:/' "$folder/sent"
echo "$last" | jq -r --argjson sent "$sent" --argjson frames "$frames_of_round" --argjson calls "$calls_of_round" '
    .stats.capture as $capture | .rpcscope as $own | ($sent / $frames * $calls) as $expected |
    "frames   sent \($sent), received \($capture.kernel_packets), read \(.stats.decoder.pkts)",
    "dropped  \($capture.kernel_drops) by the kernel, \($own.packets_shed) packets and \($own.batches_shed) batches by the sensor, \($own.lines_shed) lines by outputs",
    "calls    \($own.calls), in what was sent \($expected | floor) (\($own.calls / $expected * 10000 | floor / 100) %)",
    "rules    \($own.reloads) reloads, \($own.reloads_failed) failed; \($own.alerts) alerts"'
# Least squares over what follows warm-up, in which tables fill: half of the time, until connections become no more, and in a run
# that is long enough the hour after which connections that were never closed are forgotten.
warm=$((seconds / 2))
[ "$seconds" -lt 4800 ] || warm=3600
flat=$(awk -F, -v warm="$warm" '
    NR > 1 { time[NR] = $1; memory[NR] = $3; flows[NR] = $11 }
    END {
        for (row = 2; row <= NR; row++) {
            if (time[row] < warm || flows[row] < flows[NR] * 0.99) continue
            if (!n++) first = time[row]
            x += time[row]; y += memory[row]; xx += time[row] ^ 2; xy += time[row] * memory[row]
            if (memory[row] > most) most = memory[row]
        }
        if (n < 12) { print "memory   not known: tables were still filling, take longer or send more"; exit 1 }
        slope = (n * xy - x * y) / (n * xx - x * x)
        change = slope * (time[NR] - first) / (y / n)
        printf "memory   %.1f MB anonymous on average from second %d on, at most %.1f MB, change since then %+.2f %% (%+.1f MB an hour)\n",
            y / n / 1024, first, most / 1024, change * 100, slope * 3600 / 1024
        exit (change > 0.05)
    }' "$csv") && grown=0 || grown=1
echo "$flat"
echo "$last" | jq -e --argjson sent "$sent" '.stats.capture.kernel_drops + .rpcscope.packets_shed + .rpcscope.batches_shed
    + .rpcscope.lines_shed + .rpcscope.reloads_failed == 0 and .stats.decoder.pkts == $sent' >/dev/null && [ $grown = 0 ] ||
    { echo "not as it should be"; exit 1; }
