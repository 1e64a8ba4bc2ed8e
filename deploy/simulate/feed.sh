#!/bin/sh
# The simulator of docker-compose.yml: loads a quarter of history, publishes its figures, then sends a
# live feed. Every start makes the same events, so a restart changes no stored fact.
set -eu
hva() { python -m deploy.hva "$@"; }
log() { printf '%s\n' "$*" >&2; }

hva simulate --days "$DAYS" --clients "$CLIENTS" ${UNTIL:+--until "$UNTIL"} --out /tmp/history.jsonl
hva load /tmp/history.jsonl
hva wait --timeout 600
# The services published this year at their start, when it was empty: their next publication is due in PUBLISH_EVERY.
hva publish --timeout 600
: > /tmp/loaded # the health check tests for this file
[ "$RATE" != 0 ] || { log "no live feed: RATE is 0"; exec sleep infinity; }
seed=2
while :; do
    hva simulate --days "$DAYS" --clients "$CLIENTS" --seed "$seed" --rate "$RATE" | hva load --from-stdin
    seed=$((seed + 1))
done
