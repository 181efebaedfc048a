#!/usr/bin/env bash
# lint.sh CPPFLAGS...  clang-tidy and cppcheck over the sources; any finding fails.
set -u
status=0
mapfile -t sources < <(git ls-files 'core/*.c' 'tui/*.c')
# In batches: several files a process, as many processes as there are cores.
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 6 \
    sh -c 'flags=$1; shift; exec clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=c17 $flags 2> /dev/null' sh "$*" ||
    { echo "clang-tidy: see above"; status=1; }
# Two of its checks guess wrong: it takes what is called with an address for a keeper of that address, and it
# cannot parse a compound literal in a conditional.
cppcheck --quiet --std=c11 --language=c -D_GNU_SOURCE -I. --error-exitcode=1 -j "$(nproc)" \
    --enable=warning,portability,performance --inline-suppr --suppress=missingIncludeSystem \
    --suppress=normalCheckLevelMaxBranches --suppress=returnDanglingLifetime --suppress=internalAstError \
    "${sources[@]}" || { echo "cppcheck: see above"; status=1; }
exit $status
