#!/usr/bin/env bash
# run.sh [SECTION...]  Measures and prints figure, peer and ratio; peers live in a virtual environment of their own.
set -eu
venv=build/bench-venv
if [ ! -e "$venv/ready" ] || [ tests/bench/requirements.txt -nt "$venv/ready" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/bench/requirements.txt
    touch "$venv/ready"
fi
exec "$venv/bin/python" tests/bench/bench.py "$@"
