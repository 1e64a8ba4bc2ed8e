#!/bin/sh
# The simulator of docker-compose.yml: a quarter's history at once, then a live feed. Events are the same at every
# start, so a restart changes nothing that has come in.
set -eu
hva() { python -m deploy.hva "$@"; }
say() { printf '%s\n' "$*" >&2; }

hva simulate --days "$DAYS" --clients "$CLIENTS" ${UNTIL:+--until "$UNTIL"} --out /tmp/history.jsonl
hva load /tmp/history.jsonl
hva wait --timeout 600
: > /tmp/loaded # what the health check looks for
[ "$RATE" != 0 ] || { say "no live feed: RATE is 0"; exec sleep infinity; }
seed=2
while :; do
    hva simulate --days "$DAYS" --clients "$CLIENTS" --seed "$seed" --rate "$RATE" | hva load --from-stdin
    seed=$((seed + 1))
done
