#!/usr/bin/env bash
# fuzz.sh SECONDS PROGRAM...  Runs the fuzz targets, as many at a time as there are cores; their seeds are in
# tests/fuzz/seeds/<target>/.
set -u
fuzz_one() {
    local seconds=$1 program=$2 target seeds status=0
    target=$(basename "$program" _fuzz)
    mkdir -p "build/fuzz/corpus/$target" build/fuzz/crashes
    seeds=tests/fuzz/seeds/$target
    [ -d "$seeds" ] || seeds=
    "$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="build/fuzz/crashes/$target-" "build/fuzz/corpus/$target" $seeds > "build/fuzz/$target.log" 2>&1 ||
        { status=1; cat "build/fuzz/$target.log"; }
    echo "fuzz $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "build/fuzz/$target.log") inputs"
    return $status
}
export -f fuzz_one
seconds=$1
shift
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} bash -c 'fuzz_one "$1" "$2"' fuzz "$seconds" {}
