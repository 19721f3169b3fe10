"""The limit: decode, resize and infer in a loop, in as many processes as asked for, with nothing around it.

python -m bench.bare PROCESSES THREADS SECONDS PHOTO FOLDER MODEL PRECISION    prints {"rate": ..., "p50_ms": ...}
"""

import json
import multiprocessing
import statistics
import sys
import time
from itertools import chain
from multiprocessing.queues import Queue
from pathlib import Path
from typing import Any

from allocator import keep_freed_memory
from models.catalog import CATALOG
from models.engines import Device, EngineKind, engine_maker
from models.manifest import Manifest, Precision
from preprocessing.decode import decode
from preprocessing.spec import Resize
from preprocessing.transform import min_decode_side, transform


def _loop(barrier: Any, results: "Queue[list[float]]", threads: int, seconds: float, arguments: list[str]) -> None:
    keep_freed_memory()  # as the service does: this is the limit
    photo, folder, name, precision = arguments
    upload, architecture = Path(photo).read_bytes(), CATALOG[name]
    make = engine_maker(EngineKind.LITERT, Device.CPU, threads)
    engine = make(Manifest.read(Path(folder)), Path(folder), Precision(precision))
    min_side = min_decode_side(architecture.input, Resize.CROP)

    def once() -> float:
        start = time.monotonic()
        engine.run(transform(decode(upload, min_side=min_side), architecture.input)[None], threads)
        return time.monotonic() - start

    once()
    barrier.wait()
    end, times = time.monotonic() + seconds, []
    while time.monotonic() < end:
        times.append(once())
    results.put(times)


def main() -> None:
    """Run the loops and print the sum of their rates and the median time of one image."""
    processes, threads, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(processes), context.Queue()
    arguments = (barrier, results, threads, seconds, sys.argv[4:])
    workers = [context.Process(target=_loop, args=arguments) for _ in range(processes)]
    for worker in workers:
        worker.start()
    times = [results.get(timeout=seconds + 60) for _ in workers]
    for worker in workers:
        worker.join()
    rate = sum(len(each) / sum(each) for each in times)
    print(json.dumps({"rate": rate, "p50_ms": statistics.median(chain.from_iterable(times)) * 1e3}))


if __name__ == "__main__":
    main()
