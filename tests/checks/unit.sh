#!/usr/bin/env bash
# unit.sh PROGRAM...  Runs the test programs, as many at a time as there are cores; prints the output of those that
# fail; closes with one line of counts.
set -u
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# Each leaves its output and its exit code in a folder of its own path.
printf '%s\n' "$@" | xargs -P "$(nproc)" -n 1 bash -c '
    mkdir -p "$0/$1"
    timeout 300 "$1" > "$0/$1/log" 2>&1 < /dev/null
    echo $? > "$0/$1/status"' "$logs"
passed=0 failed=0 broken=()
for program in "$@"; do
    log=$logs/$program/log status=$(cat "$logs/$program/status" 2> /dev/null || echo none)
    passed=$((passed + $(grep -c '^\[       OK \]' "$log")))
    failed=$((failed + $(grep -c "^\[  FAILED  \] [a-z]" "$log") / 2)) # each is named where it fails and in the list
    if [ "$status" != 0 ]; then
        broken+=("$program")
        grep -q '^\[  FAILED  \] [a-z]' "$log" || failed=$((failed + 1))
        echo "---- $program: exit $status"
        cat "$log"
    fi
done
for program in ${broken[@]+"${broken[@]}"}; do echo "failed: $program"; done
echo "unit and scenario tests of $# programs:"
echo "$passed passed, $failed failed"
[ ${#broken[@]} -eq 0 ] && [ $passed -gt 0 ]
