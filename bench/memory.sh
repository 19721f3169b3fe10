#!/usr/bin/env bash
# Start a service with the given settings (NAME=value ...), call every model, print the PSS of its process tree and the
# time to ready.   bench/memory.sh MODELS=resnet50 PRECISION=int8 WORKERS=2
set -euo pipefail
cd "$(dirname "$0")/.."
for setting in "$@"; do export "TRIPTYCH_$setting"; done
export TRIPTYCH_PORT=${TRIPTYCH_PORT:-5099}
url=http://127.0.0.1:$TRIPTYCH_PORT
start=$(date +%s%N)
(.venv/bin/flask --app app models prepare && exec .venv/bin/gunicorn app:app) >/dev/null 2>&1 &
shell=$!
until curl -sf -o /dev/null "$url/readyz"; do
    kill -0 $shell 2>/dev/null || { echo "it did not start" >&2; exit 1; }
    sleep 0.02
done
echo "ready after $((($(date +%s%N) - start) / 1000000)) ms"
for photo in "${PHOTO:-/dev/null}" "${PHOTO:-/dev/null}" "${PHOTO:-/dev/null}" "${PHOTO:-/dev/null}"; do
    for model in $(curl -s "$url/models" | grep -o '"name":"[a-z0-9]*"' | cut -d'"' -f4); do
        curl -s -o /dev/null -F "file=@$photo" -F "model=$model" "$url/predict"
    done
done
tree() { echo "$1"; for child in $(cat "/proc/$1/task/$1/children"); do tree "$child"; done; }
for pid in $(tree $shell); do cat "/proc/$pid/smaps_rollup"; done | awk '/^Pss:/ {kb += $2} END {print "PSS of the tree", int(kb / 1024), "MB"}'
kill $shell
wait $shell || true
