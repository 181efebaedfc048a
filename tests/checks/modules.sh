#!/usr/bin/env bash
# modules.sh MODULE:VERSION:PACKAGE...  Fails with a sentence for each library that is missing or too old.
set -u
status=0
command -v pkg-config > /dev/null || { echo "pkg-config is missing: apt-get install pkg-config" >&2; exit 1; }
for entry in "$@"; do
    IFS=: read -r module version package <<< "$entry"
    if ! pkg-config --exists "$module >= $version"; then
        found=$(pkg-config --modversion "$module" 2> /dev/null || echo none)
        echo "$module >= $version is needed (found: $found): run 'make deps' or apt-get install $package" >&2
        status=1
    fi
done
exit $status
