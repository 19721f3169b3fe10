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
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

from tqdm import tqdm

from bench import report
from bench.gpu_service import backend_environ, child, loaded, service
from bench.gpu_table import table
from bench.kept import commit
from bench.pictures import USUAL, make
from bench.places import CACHE, RESULTS, prepared
from bench.services import RowFailed, clean_environment
from bench.subject import ours
from cores import usable_cores
from models.store import Store

NETWORK, PRECISIONS = "resnet50", ("float32", "mixed")


def main() -> None:
    """Measure, print the table and keep it."""
    given = _options()
    CACHE.mkdir(parents=True, exist_ok=True)
    make(USUAL)
    environ = clean_environment() | backend_environ(given.backend)
    found: dict[str, Any] = {"engines": {}, "services": {}, "cpu": {}, "forward": None, "failures": []}
    now = _commit()
    cache, null = CACHE / "gpu", CACHE / "gpu-null"
    child("bench.gpu_build", str(cache), NETWORK, environ=environ)
    child("bench.gpu_build", str(null), NETWORK, "--null", environ=environ)
    build, numbers = Store(cache).folder(NETWORK, random=True), (str(given.seconds), str(given.most))
    subjects = {"null": service(null, "float32", given.most, null=True, backend=given.backend)}
    subjects |= {each: service(cache, each, given.most, backend=given.backend) for each in PRECISIONS}

    def engine(precision: str) -> None:
        told = child("bench.gpu_engine", str(build), precision, *numbers, environ=environ)
        found["engines"][precision] = json.loads(told)

    def forward() -> None:
        if find_spec("jax"):
            found["forward"] = json.loads(child("bench.gpu_forward", *numbers, environ=environ))

    def crowd(name: str) -> None:
        with loaded(subjects[name]) as server:
            found["services"][name] = []
            for connections in given.connections:
                level = server.level(connections, given.seconds)
                found["services"][name].append(level._asdict())

    def on_cpu(precision: str) -> None:
        if prepared(NETWORK).is_dir():
            with loaded(ours(precision)) as server:
                found["cpu"][precision] = server.level(4 * usable_cores(), given.seconds).rate

    steps = {f"bare engine, {each}": partial(engine, each) for each in PRECISIONS} | {"the yardstick": forward}
    steps |= {f"over HTTP, {subject.name}": partial(crowd, name) for name, subject in subjects.items()}
    steps |= {f"the CPU engine, {each}": partial(on_cpu, each) for each in ("float32", "int8")}
    for name, step in (bar := tqdm(steps.items(), unit="step")):
        bar.set_description(name)
        try:
            step()
        except (RowFailed, SystemExit, OSError) as error:  # what was measured is kept all the same
            found["failures"].append(f"{name}: {error}")
    _keep(found, given.out, now)


def _commit() -> str:
    """Return what is measured; a machine to which only files were carried has no git."""
    try:
        return commit()
    except (OSError, CalledProcessError):
        return "unknown"


def _keep(found: dict[str, Any], out: Path, now: str) -> None:
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
