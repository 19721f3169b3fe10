"""The GPU road, measured on whatever device Keras sees: a GPU, or a CPU to prove that it runs.

python -m bench.gpu [--backend tensorflow|jax] [--out DIR]

Bare engine and `predict_on_batch` at every bucket, in float32 and mixed; a ResNet50 written by hand for JAX as the
yardstick (where JAX is); over HTTP at 1, 8, 64 and 256 connections, also with an engine that computes nothing; the CPU
engine beside them where there is a prepared one. The table is kept in bench/results.
"""

import argparse
import json
import os
import shlex
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tqdm import tqdm

from bench import report
from bench.gpu_service import child, loaded, service
from bench.gpu_table import table
from bench.kept import commit
from bench.pictures import USUAL, make
from bench.places import CACHE, RESULTS, prepared
from bench.services import RowFailed, clean_environment
from bench.subject import ours
from models.store import Store

NETWORK, PRECISIONS = "resnet50", ("float32", "mixed")


def main() -> None:
    """Measure, print the table and keep it."""
    given = _options()
    CACHE.mkdir(parents=True, exist_ok=True)
    make(USUAL)
    environ = clean_environment() | ({"KERAS_BACKEND": given.backend} if given.backend else {})
    found: dict[str, Any] = {"engines": {}, "services": {}, "cpu": {}, "forward": None}
    steps = tqdm(total=4 + 2 * len(PRECISIONS) + 2, unit="step")

    def step(what: str) -> None:
        steps.set_description(what)
        steps.update()

    step("weights from the seed")
    cache, null = CACHE / "gpu", CACHE / "gpu-null"
    child("bench.gpu_build", str(cache), NETWORK, environ=environ)
    child("bench.gpu_build", str(null), NETWORK, "--null", environ=environ)
    build = Store(cache).folder(NETWORK, random=True)
    for precision in PRECISIONS:
        step(f"bare engine, {precision}")
        told = child("bench.gpu_engine", str(build), precision, str(given.seconds), str(given.most), environ=environ)
        found["engines"][precision] = json.loads(told)
    step("the yardstick")
    if find_spec("jax"):
        told = child("bench.gpu_forward", str(given.seconds), str(given.most), environ=environ)
        found["forward"] = json.loads(told)
    for name, subject in {
        "null": service(null, "float32", null=True),
        **{precision: service(cache, precision, backend=given.backend) for precision in PRECISIONS},
    }.items():
        step(f"over HTTP, {subject.name}")
        with loaded(subject) as server:
            found["services"][name] = [server.level(each, given.seconds)._asdict() for each in given.connections]
    step("the CPU engine")
    found["cpu"] = _cpu(given)
    steps.close()
    _keep(found, given.out)


def _cpu(given: argparse.Namespace) -> dict[str, float]:
    """Return the rates of the LiteRT service at its best known crowd, 8 connections a core, by precision."""
    rates = {}
    if prepared(NETWORK).is_dir():
        for precision in ("float32", "int8"):
            try:
                with loaded(ours(precision)) as server:
                    rates[precision] = server.level(8, given.seconds).rate
            except RowFailed as error:
                tqdm.write(str(error))
    return rates


def _keep(found: dict[str, Any], out: Path) -> None:
    now = commit()
    facts = {
        "date": time.strftime("%Y-%m-%d"), "commit": now, "machine": report.machine(),
        "command": shlex.join(["python", "-m", "bench.gpu", *sys.argv[1:]]), **found,
    }  # fmt: skip
    text = table(facts)
    out.mkdir(parents=True, exist_ok=True)
    target = out / f"{facts['date']}-{now}-gpu.json"
    target.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    target.with_suffix(".md").write_text(text, encoding="utf-8")
    sys.stdout.write(f"{text}\nkept in {target} and {target.with_suffix('.md').name}\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.gpu", description=__doc__)
    parser.add_argument("--backend", default=os.environ.get("KERAS_BACKEND", ""), help="tensorflow (default) or jax")
    parser.add_argument("--seconds", type=float, default=5, help="of each measurement")
    parser.add_argument("--most", type=int, default=64, help="images at once, a power of two")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8, 64, 256])
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for the results")
    return parser.parse_args()


if __name__ == "__main__":
    main()
