#!/usr/bin/env bash
# The main job from beginning to end: start everything, load the sample events, wait, show figures, stop.
# The same folder is used every time: a second run loads the same events again, and no figure changes.
set -euo pipefail
cd "$(dirname "$0")/.."

export HVA_DIR=.hva/demo
export HVA_CONFIG_DIR=tests/data/sample/config
events=$HVA_DIR/events.jsonl

hva() {
    printf '\n$ hva %s\n' "$*"
    .venv/bin/hva "$@"
}

trap 'hva down' EXIT
hva up --detach
gunzip --stdout tests/data/sample/events.jsonl.gz >"$events"
hva load "$events"
hva wait --timeout 120
hva figures nps --exact --period 2026Q1
printf '\nTo look around: uv run hva up, then uv run hva --help in another terminal.\n'
