"""What a change costs: CPU time per answered request of one tree of the project against another's.

python -m bench.cost OLD NEW PHOTO [NAME=value ...]    OLD and NEW are work trees; NAME=value are settings of NEW alone.

Both serve MobileNetV2 in float32 with random weights, the quickest network, in two workers; they take turns, and turns
in who goes first. Prints the machine, both commits, and milliseconds of utime + stime of the whole process tree, per
answered request. A header X-API-Key is sent where the environment has COST_API_KEY.
"""

import os
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from bench.kept import commit
from bench.places import CACHE
from bench.ratio import estimate
from bench.report import machine
from bench.services import clean_environment, log_file
from bench.tree import cpu_s
from cli.load.exchange import Request
from cli.load.loops import closed_loop
from cli.service_process import free_port, process

PAIRS, REQUESTS, CONNECTIONS = 5, 1000, 2  # 5,000 requests of each
_START_S = 60


def cost_ms(tree: Path, photo: bytes, settings: dict[str, str]) -> float:
    """Return the milliseconds of CPU that an answer takes of the service in *tree*.  Raises: SystemExit."""
    port = free_port()
    command = ["env", "-C", str(tree), sys.executable, "-m", "gunicorn", "app:app", "-b", f"127.0.0.1:{port}"]
    fixed = {"MODELS": "mobilenetv2", "PRECISION": "float32", "WEIGHTS": "random", "CACHE_DIR": str(CACHE)}
    environ = {f"TRIPTYCH_{name}": value for name, value in (fixed | {"WORKERS": "2"} | settings).items()}
    with process(command, clean_environment() | environ, log_file("cost")) as child:
        url = f"http://127.0.0.1:{port}"
        _wait(f"{url}/livez")
        request = Request.upload(f"{url}/predict", photo).with_header("X-API-Key", os.environ.get("COST_API_KEY", ""))
        closed_loop(request, CONNECTIONS, seconds=2)
        before, answered = cpu_s(child.pid), 0
        while answered < REQUESTS:
            tally = closed_loop(request, CONNECTIONS, seconds=2, ramp_s=0)
            if tally.failed or not tally.ok:
                raise SystemExit(f"{tree}: {tally.failed} requests failed: {dict(tally.others)}")
            answered += len(tally.ok)
        return (cpu_s(child.pid) - before) / answered * 1e3


def in_turns(old: Callable[[], float], new: Callable[[], float], pairs: int) -> list[tuple[float, float]]:
    """Return what both say, pair by pair. Each goes first in every other pair: a machine that slows favours neither."""
    found = []
    for number in range(pairs):
        if number % 2:
            after, before = new(), old()
        else:
            before, after = old(), new()
        found.append((before, after))
    return found


def _wait(url: str) -> None:
    give_up = time.monotonic() + _START_S
    while True:
        try:
            urllib.request.urlopen(url, timeout=_START_S).close()  # noqa: S310  # loopback
        except OSError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> None:
    """Measure in turns; print each tree's median and the difference with its interval."""
    old, new = (Path(folder).absolute() for folder in sys.argv[1:3])
    photo = Path(sys.argv[3]).read_bytes()
    settings = dict(pair.split("=", 1) for pair in sys.argv[4:])
    found = in_turns(partial(cost_ms, old, photo, {}), partial(cost_ms, new, photo, settings), PAIRS)
    more = estimate([after - before for before, after in found])
    print(machine())
    print(f"{commit(old)}: {median(before for before, _ in found):.2f} ms", end=", ")
    print(f"{commit(new)} {' '.join(sys.argv[4:])}: {median(after for _, after in found):.2f} ms")
    print(f"difference, median of {PAIRS} pairs: {more.value:.2f} ms ({more.low:.2f} to {more.high:.2f})")


if __name__ == "__main__":
    main()
