#!/usr/bin/env bash
# fuzz.sh SECONDS PROGRAM...  Runs each fuzz target; its seeds are in tests/fuzz/seeds/<target>/.
set -u
seconds=$1 status=0
shift
for program in "$@"; do
    target=$(basename "$program" _fuzz)
    corpus=build/fuzz/corpus/$target
    mkdir -p "$corpus" build/fuzz/crashes
    seeds=tests/fuzz/seeds/$target
    [ -d "$seeds" ] || seeds=
    if ! "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="build/fuzz/crashes/$target-" "$corpus" $seeds > "build/fuzz/$target.log" 2>&1; then
        cat "build/fuzz/$target.log"
        status=1
    fi
    echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log") inputs"
done
exit $status
