"""What the limit is made of: the stages of one image, with no HTTP around them, alone and with every core busy.

python -m bench.stages    prints milliseconds, medians, after `make bench` has prepared the models
"""

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from multiprocessing.queues import Queue
from typing import Any, NamedTuple

import numpy as np

from allocator import keep_freed_memory
from bench import report
from bench.kept import commit
from bench.pictures import PHONE, USUAL
from bench.places import prepared
from cores import usable_cores
from models.catalog import CATALOG
from models.engines import Device, EngineKind, engine_maker
from models.manifest import Manifest, Precision
from preprocessing.decode import decode
from preprocessing.spec import Resize
from preprocessing.transform import min_decode_side, transform

_SECONDS = 3.0
_NETWORK = CATALOG["resnet50"]


class Stage(NamedTuple):
    """One of them: *run* does it once."""

    name: str
    run: Callable[[], object]


def _stages(cores: int) -> Iterator[Stage]:
    """Yield the stages, with networks that may use *cores* each."""
    side = min_decode_side(_NETWORK.input, Resize.CROP)
    for picture in (USUAL, PHONE):
        upload = picture.path.read_bytes()
        image = decode(upload, min_side=side)
        yield Stage(f"decode {picture.name}", partial(decode, upload, min_side=side))
        yield Stage(f"resize and normalise {picture.name}", partial(transform, image, _NETWORK.input))
    batch = np.zeros((1, _NETWORK.input.height, _NETWORK.input.width, 3), np.float32)
    folder = prepared(_NETWORK.name)
    for precision in (Precision.INT8, Precision.FLOAT32):
        for keep in (True, False):
            make = engine_maker(EngineKind.LITERT, Device.CPU, cores, keep_tables=keep)
            engine = make(Manifest.read(folder), folder, precision)
            for threads in {1, cores}:
                name = f"{_NETWORK.name} {precision}, {threads} threads, tables {'kept' if keep else 'made anew'}"
                yield Stage(name, partial(engine.run, batch, threads))


def _measure(barrier: Any, results: "Queue[tuple[str, float]]", cores: int) -> None:
    keep_freed_memory()
    for name, run in _stages(cores):
        run()
        barrier.wait()
        times, end = [], time.monotonic() + _SECONDS
        while time.monotonic() < end:
            start = time.monotonic()
            run()
            times.append(time.monotonic() - start)
        results.put((name, statistics.median(times) * 1e3))
    results.put(("", 0.0))  # the end


def _medians(processes: int, cores: int) -> dict[str, float]:
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    workers = [context.Process(target=_measure, args=(barrier, results, cores), daemon=True) for _ in range(processes)]
    for worker in workers:
        worker.start()
    found: dict[str, list[float]] = {}
    ended = 0
    while ended < processes:
        name, each = results.get(timeout=60 + _SECONDS)
        ended += not name
        found.setdefault(name, []).append(each)
    for worker in workers:
        worker.join()
    return {name: statistics.mean(each) for name, each in found.items() if name}


def main() -> None:
    """Measure both ways and print the table."""
    cores = usable_cores()
    alone, busy = _medians(1, cores), _medians(cores, 1)
    print(f"{report.machine()}, commit {commit()}, python -m bench.stages; milliseconds, medians of {_SECONDS:.0f} s")
    print(f"{'':<62}{'alone':>8}{f'{cores} at once':>12}")
    for name, value in alone.items():
        print(f"{name:<62}{value:>8.2f}{format(busy[name], '.2f') if name in busy else '':>12}")


if __name__ == "__main__":
    main()
