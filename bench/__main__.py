"""make bench: the service against the bare loop and against the service people write first.

Each row compares two subjects measured in turn, A-B-A-B, and gives the median of the pairs' ratios with its range.
Random weights, for speed does not depend on them; a photo of our own making, about the size of a web picture.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from PIL import Image
from tqdm import tqdm

from bench.load import Load, load
from bench.services import ROOT, environment, gunicorn
from cores import usable_cores
from models.known_answers import generated_images
from models.manifest import RANDOM_WEIGHTS_FILE
from models.store import Store

CACHE = ROOT / ".cache/bench"
MODEL, PRECISION = "resnet50", "int8"
_WARM_S = 20  # model.predict compiles in each of the naive workers on its first call

Measure = Callable[[float], float]  # seconds -> a figure


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: ours / theirs is to be at least (or at most) *goal*."""

    name: str
    ours: Measure
    theirs: Measure
    goal: float
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """*ratio* is the median of the pairs' ratios, *low* and *high* the least and the largest of them."""

    row: str
    ratio: float
    low: float
    high: float
    goal: str
    ours: list[float]
    theirs: list[float]


def measure(row: Row, pairs: int, seconds: float, bar: "tqdm[None]") -> Result:
    """Measure both sides *pairs* times, in turn."""
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(pairs):
        for side, figures in ((row.ours, ours), (row.theirs, theirs)):
            bar.set_description(row.name)
            figures.append(side(seconds))
            bar.update()
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    goal = f"{'at most' if row.at_most else 'at least'} {row.goal:g}"
    return Result(row.name, statistics.median(ratios), min(ratios), max(ratios), goal, ours, theirs)


def bare(shape: tuple[int, int], key: str, photo: Path, folder: Path, seconds: float) -> float:
    """Run the bare loop in *shape* (processes, threads of each); return its rate or its median milliseconds."""
    numbers = [str(number) for number in (*shape, seconds)]
    command = [sys.executable, "-m", "bench.bare", *numbers, str(photo), str(folder), MODEL, PRECISION]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    return float(json.loads(done.stdout)[key])


def good(result: Load) -> Load:
    """Return *result*.  Raises: SystemExit: something failed in it, so that it measures nothing."""
    if result.failed or not result.rate:
        raise SystemExit(f"a measurement failed: {result}")
    return result


def rows(ours: str, naive: str, photo: Path, folder: Path) -> list[Row]:
    """Return the comparisons that the design stands or falls with."""
    cores = usable_cores()

    def rate(url: str, connections: int) -> Measure:
        return lambda seconds: good(load(url, photo, connections, seconds)).rate

    crowd = partial(bare, (cores, 1), "rate", photo, folder)
    return [
        Row("8 connections, against the naive app", rate(ours, 8), rate(naive, 8), 5),
        Row("8 connections, share of the bare limit", rate(ours, 8), crowd, 0.85),
        Row("2 connections, share of the bare limit", rate(ours, 2), crowd, 0.80),
        Row(
            "1 connection, p50 against the bare loop with all cores",
            lambda seconds: good(load(ours, photo, 1, seconds)).p50_ms,
            partial(bare, (1, cores), "p50_ms", photo, folder),
            1.25,
            at_most=True,
        ),
    ]


def main() -> None:
    """Prepare, start the services, measure, print the table and keep it."""
    options = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    options.add_argument("--pairs", type=int, default=5)
    options.add_argument("--seconds", type=float, default=6)
    given = options.parse_args()
    settings = {"MODELS": MODEL, "WEIGHTS": "random", "CACHE_DIR": str(CACHE), "PRECISION": PRECISION}
    environ = environment(settings)
    subprocess.run(
        [sys.executable, "-m", "flask", "--app", "app", "models", "prepare"], env=environ, cwd=ROOT, check=True
    )
    folder, photo = Store(CACHE).folder(MODEL, random=True), CACHE / "photo.jpg"
    Image.fromarray(generated_images(1, 333, 500, seed=1)[0]).save(photo, quality=95)
    with ExitStack() as stack:
        ours = stack.enter_context(gunicorn("app:app", environ=environ))
        weights = {"NAIVE_WEIGHTS": str(folder / RANDOM_WEIGHTS_FILE)}
        naive = stack.enter_context(
            gunicorn("bench.naive_app:app", "-c", "/dev/null", "-w", "4", "--timeout", "300", environ=environ | weights)
        )
        for url in (ours, naive):
            load(url, photo, 8, _WARM_S)
        todo = rows(ours, naive, photo, folder)
        bar = stack.enter_context(tqdm(total=len(todo) * given.pairs * 2, unit="run"))
        results = [measure(row, given.pairs, given.seconds, bar) for row in todo]
    report(results, photo.stat().st_size)


def report(results: list[Result], photo_bytes: int) -> None:
    """Print the table and write it to bench/results/."""
    for each in results:
        print(f"{each.row:<56} {each.ratio:6.2f}  ({each.low:.2f} to {each.high:.2f}; {each.goal})")
    git = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603  # our own command
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "")
    facts = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit.stdout.strip(),
        "machine": f"{usable_cores()} cores, {cpu.partition(': ')[2]}, Python {platform.python_version()}",
        "command": " ".join(["python -m bench", *sys.argv[1:]]),
        "setup": f"{MODEL} {PRECISION}, a JPEG of {photo_bytes} bytes, wrk on the same cores",
        "rows": [asdict(each) for each in results],
    }
    target = ROOT / "bench/results" / f"{facts['date']}-{facts['commit']}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    print(f"kept in {target.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
