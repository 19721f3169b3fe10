#!/usr/bin/env bash
# Start a service with the given settings, call every model some times, print how long it took to be ready and the
# PSS of its process tree.   bench/memory.sh MODELS=resnet50 PRECISION=int8 WORKERS=2
set -euo pipefail
cd "$(dirname "$0")/.."
for setting in "$@"; do export "TRIPTYCH_$setting"; done
export TRIPTYCH_PORT=${TRIPTYCH_PORT:-5099}
url=http://127.0.0.1:$TRIPTYCH_PORT
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
.venv/bin/python -c 'import sys; from models.known_answers import generated_images as g; from PIL import Image
Image.fromarray(g(1, 333, 500, 1)[0]).save(sys.argv[1])' "$work/photo.jpg"

start=$(date +%s%N)
TRIPTYCH_PREPARE=changed .venv/bin/gunicorn app:app >"$work/log" 2>&1 &
master=$!
until curl -sf -o /dev/null "$url/readyz"; do
    kill -0 $master 2>/dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.02
done
echo "$* : ready after $((($(date +%s%N) - start) / 1000000)) ms"
for model in $(curl -s "$url/models" | grep -o '"name":"[a-z0-9]*"' | cut -d'"' -f4); do
    for _ in 1 2 3 4 5 6 7 8; do
        curl -sf -o /dev/null -F "file=@$work/photo.jpg" -F "model=$model" "$url/predict" &
    done
    wait $(jobs -p | grep -v "^$master$")
done
tree() { echo "$1"; for child in $(cat "/proc/$1/task/$1/children"); do tree "$child"; done; }
for pid in $(tree $master); do cat "/proc/$pid/smaps_rollup"; done |
    awk '/^Pss:/ {kb += $2} END {print "PSS of the tree:", int(kb / 1024), "MB"}'
kill $master
wait $master || true
