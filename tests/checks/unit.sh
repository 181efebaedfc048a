#!/usr/bin/env bash
# unit.sh PROGRAM...  Runs each test program; prints its output only when it fails; closes with one line of counts.
set -u
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0:strict_string_checks=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1:halt_on_error=1}
passed=0 failed=0 broken=()
log=$(mktemp)
trap 'rm -f "$log"' EXIT
for program in "$@"; do
    timeout 300 "$program" > "$log" 2>&1 < /dev/null
    status=$?
    passed=$((passed + $(grep -c '^\[       OK \]' "$log")))
    failed=$((failed + $(grep -c "^\[  FAILED  \] [a-z]" "$log") / 2)) # each is named where it fails and in the list
    if [ $status -ne 0 ]; then
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
