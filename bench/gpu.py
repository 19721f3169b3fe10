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
from pathlib import Path
from subprocess import CalledProcessError

from tqdm import tqdm

from bench import report
from bench.gpu_figures import Figures, Found
from bench.gpu_table import table
from bench.kept import commit
from bench.pictures import USUAL, make
from bench.places import CACHE, RESULTS
from bench.services import RowFailed


def main() -> None:
    """Measure, keep what there is after every step, and print the table."""
    given = _options()
    CACHE.mkdir(parents=True, exist_ok=True)
    make(USUAL)
    figures = Figures(given.backend, given.seconds, given.most, given.connections)
    given.out.mkdir(parents=True, exist_ok=True)
    date, now = time.strftime("%Y-%m-%d"), _commit()
    target = given.out / f"{date}-{now}-gpu.json"
    command = shlex.join(["python", "-m", "bench.gpu", *sys.argv[1:]])
    about = {"date": date, "commit": now, "machine": report.machine(), "command": command}
    for name, step in (bar := tqdm(figures.steps().items(), unit="step")):
        bar.set_description(name)
        try:
            step()
        except (RowFailed, OSError, ValueError, RuntimeError) as error:  # of a pool or barrier that broke, too
            bar.write(f"{name}: {error}")
            figures.found["failures"].append(f"{name}: {_last_line(error)}")
        text = _keep(about | figures.found, target)
    sys.stdout.write(f"{text}\nkept in {target} and {target.with_suffix('.md').name}\n")


def _keep(facts: Found, target: Path) -> str:
    """Write all that was found so far: whoever ends us, as a lent machine does, takes only the rest."""
    target.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    text = table(facts)
    target.with_suffix(".md").write_text(text, encoding="utf-8")
    return text


def _last_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[-1]


def _commit() -> str:
    """Return what is measured; a machine to which only files were carried has no git."""
    try:
        return commit()
    except (OSError, CalledProcessError):
        return "unknown"


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
