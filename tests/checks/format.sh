#!/usr/bin/env bash
# Fails when clang-format would change a source file, and names the file.
set -u
git ls-files -z '*.c' '*.h' '*.cc' | xargs -0 clang-format --dry-run --Werror
