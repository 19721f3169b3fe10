#!/usr/bin/env bash
# bench.gpu on a bare machine that has a GPU, Python and JAX for it, and neither internet nor TensorFlow.
#
#   bench/gpu.sh pack DIR [PYTHON_VERSION]   where there is internet: the wheels that such a machine lacks, into DIR
#   bench/gpu.sh run DIR OUT [OPTION...]     there: use them, make weights from the seed, measure; results into OUT
#
# DIR is some 35 MB. With the repository it is all that has to be carried. OPTIONs are those of `python -m bench.gpu`.
set -euo pipefail
cd "$(dirname "$0")/.."

# What a machine with JAX has already; jobs and keys, which are not measured.
THERE='numpy|pillow|absl-py|click|werkzeug|prometheus-client|jinja2|markupsafe|packaging|protobuf|tqdm|typing_extensions|ml_dtypes|six|prompt_toolkit'
UNUSED='celery|redis|kombu|amqp|billiard|vine|cryptography|cffi|pycparser|python-dateutil|click-.*|backports.*|tzdata|tzlocal|wcwidth|flatbuffers'

pack() {
    local version=${2:-3.12} options=() platform
    for platform in manylinux_2_28 manylinux_2_27 manylinux_2_24 manylinux_2_17 manylinux2014 manylinux1; do
        options+=(--platform "${platform}_x86_64")
    done
    mkdir -p "$1"
    {
        grep -hE '^[a-zA-Z0-9_.-]+==' requirements-serve.txt
        grep -hE '^(keras|namex|optree|rich|markdown-it-py|mdurl|pygments|requests|urllib3|idna|certifi|charset-normalizer)==' requirements.txt
    } | grep -viE "^($THERE|$UNUSED)==" >"$1/wheels.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
        --implementation cp --python-version "$version" "${options[@]}" -d "$1" -r "$1/wheels.txt"
    du -sh "$1"
}

run() {
    local wheels=$1 out=$2
    shift 2
    site=$(mktemp -d)
    trap 'rm -rf "$site"' EXIT
    python3 -m pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile --target "$site" "$wheels"/*.whl
    export PYTHONPATH=$site KERAS_BACKEND=jax JAX_COMPILATION_CACHE_DIR=$site/compiled
    python3 -m bench.gpu --out "$out" "$@"
}

case "${1:-}" in
    pack | run) "$@" ;;
    *) sed -n '2,8p' "$0" >&2 && exit 2 ;;
esac
