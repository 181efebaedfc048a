#!/usr/bin/env bash
# Who may include whom: one line a layer, and one place for each third-party header.
set -u
status=0
complain() { echo "$1"; status=1; }

allowed() {
    case $1 in
        base) echo "base" ;;
        loop) echo "loop base" ;;
        ports) echo "ports base loop" ;;
        run) echo "run base" ;;
        net) echo "net base loop ports" ;;
        store) echo "store base loop ports run" ;;
        data) echo "data base" ;;
        aws) echo "aws base loop net ports" ;;
        local) echo "local base loop net ports" ;;
        stages) echo "stages base loop ports run" ;;
        model) echo "model base data" ;;
        engine) echo "engine base loop ports run stages store" ;;
        view) echo "view base run" ;;
        functions) echo "functions base loop net ports data aws local" ;;
        app) echo "app base loop ports run net store data aws local stages engine view" ;;
        tui) echo "tui base loop run view app" ;;
        *) echo "" ;;
    esac
}

for file in $(git ls-files 'core/*.[ch]' 'core/*.cc' 'tui/*.[ch]'); do
    layer=$(echo "$file" | sed 's,^core/\([a-z]*\)/.*,\1,; s,^tui/.*,tui,')
    for included in $(sed -n 's|^#include "\(core/\)\{0,1\}\([a-z]*\)/.*|\2|p' "$file"); do
        echo " $(allowed "$layer") " | grep -q " $included " || complain "$file: layer '$layer' may not include '$included'"
    done
done

# header pattern, then the files that may include it
owns() {
    local header=$1 where=$2 file
    for file in $(git grep -lE "^#include <$header" -- 'core/*' 'tui/*'); do
        echo "$file" | grep -qE "^($where)" || complain "$file: <$header> belongs to $where"
    done
}
owns 'uv\.h' 'core/loop/|core/net/'
owns 'curl/' 'core/net/'
owns 'libpq-fe\.h' 'core/net/'
owns 'openssl/' 'core/aws/|core/base/digest\.c'
owns 'archive' 'core/model/|core/app/(unpack|package)\.c'
owns 'xgboost/' 'core/model/'
owns 'sqlite3\.h' 'core/store/'
owns 'cjson/' 'core/base/json\.c'
owns 'toml' 'core/base/toml\.cc'
owns '(n?cursesw?|term)\.h|ncursesw/' 'tui/term\.c'
exit $status
