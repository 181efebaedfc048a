#!/usr/bin/env bash
# The keymap in README.md is the one of the program; with --write it is put there.
set -eu
program=$1
keymap=$(mktemp)
trap 'rm -f "$keymap" "$keymap.readme"' EXIT
"$program" help --keymap > "$keymap"
awk -v keymap="$keymap" '
    /^<!-- end of keymap -->/ { inside = 0 }
    !inside { print }
    /^<!-- keymap:/ { inside = 1; while ((getline line < keymap) > 0) print line }
' README.md > "$keymap.readme"
if [ "${2:-}" = --write ]; then
    cat "$keymap.readme" > README.md
elif ! diff -u README.md "$keymap.readme"; then
    echo "the keymap in README.md is not that of the program: run 'bash tests/checks/keymap.sh build/gatehouse --write'"
    exit 1
fi
