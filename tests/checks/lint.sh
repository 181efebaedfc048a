#!/usr/bin/env bash
# lint.sh CPPFLAGS...  clang-tidy and cppcheck over the sources; any finding fails.
set -u
sources=$(git ls-files 'core/*.c' 'tui/*.c')
status=0
echo "$sources" | xargs -P "$(nproc)" -n 8 clang-tidy --quiet --warnings-as-errors='*' -- -std=c17 "$@" 2> /dev/null ||
    { [ $? -eq 0 ] || { echo "clang-tidy: see above"; status=1; }; }
echo "$sources" | xargs cppcheck --quiet --std=c11 --language=c -D_GNU_SOURCE -I. --error-exitcode=1 -j "$(nproc)" \
    --enable=warning,portability,performance --inline-suppr --suppress=missingIncludeSystem \
    --suppress=normalCheckLevelMaxBranches || { echo "cppcheck: see above"; status=1; }
exit $status
