#!/usr/bin/env bash
# headers.sh CPPFLAGS...  Each header compiles alone.
set -u
status=0
for header in $(git ls-files 'core/*.h' 'tui/*.h' 'tests/*.h'); do
    gcc -std=c17 -fsyntax-only -Wall -Wextra -Werror "$@" -include "$header" -x c /dev/null || { echo "$header does not compile alone"; status=1; }
done
exit $status
