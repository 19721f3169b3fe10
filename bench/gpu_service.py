"""The service with its engine process under a crowd: rate, latency, and where the time of an image went."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import NamedTuple

import numpy as np
import requests
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from bench.pictures import USUAL
from bench.services import START_S, RowFailed, log_file, running
from bench.subject import Subject
from cli.load.exchange import Request
from cli.load.loops import closed_loop
from cli.load.tally import Tally
from cli.service_process import ready_workers
from cores import usable_cores
from wiring import WORKERS_A_CORE

_WARM_S = 2.0
_SLOTS = 32  # of each worker's ring: MAX_FILES
_barrier: Barrier
_PARTS = {  # of the images' time: the metric that sums it
    "decode": ("triptych_image_decode_duration_seconds_sum", {}),
    "copy": ("triptych_batch_duration_seconds_sum", {"part": "copy"}),
    "compute": ("triptych_batch_duration_seconds_sum", {"part": "compute"}),
    "images": ("triptych_batch_images_sum", {}),
    "batches": ("triptych_batch_images_count", {}),
    "waiting": ("triptych_inference_queue_wait_seconds_sum", {}),
}


def service(cache: Path, precision: str, most: int, *, null: bool = False, backend: str = "") -> Subject:
    """Return the service with an engine process that runs *most* images at once; *null*: one that computes nothing."""
    settings = {
        "MODELS": "resnet50", "WEIGHTS": "random", "CACHE_DIR": str(cache), "ENGINE": "keras", "PREPARE": "never",
        "PRECISION": precision, "MAX_WAITING": "256", "MAX_BATCH": str(most), "DEADLINE_S": "60", "ACCESS_LOG": "false",
        "WORKERS": str(_workers()), "MAX_FILES": str(_SLOTS),
    }  # fmt: skip
    options = ("-c", "bench/null_conf.py") if null else ()
    command = (sys.executable, "-m", "gunicorn", "app:app", *options, "-b", "127.0.0.1:{port}")
    environ = {f"TRIPTYCH_{name}": value for name, value in settings.items()}
    name = "null engine" if null else f"engine process, {precision}"
    return Subject(name, f"{_workers()} workers", command, tuple((environ | backend_environ(backend)).items()))


def _workers() -> int:
    return WORKERS_A_CORE * usable_cores()


def backend_environ(backend: str) -> dict[str, str]:
    """Return what makes Keras run on *backend*; empty: on the one that it would take anyway."""
    return {"KERAS_BACKEND": backend} if backend else {}


class Level(NamedTuple):
    """What *connections* that are always busy were answered: images a second, milliseconds, and shares.

    *parts_ms*: milliseconds of one image in each part; those of a batch are shared by its images.
    """

    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    batch: float
    parts_ms: dict[str, float]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A running service at *url* (of /predict)."""

    url: str

    def level(self, connections: int, seconds: float) -> Level:
        """Load it, in as many processes as it takes to be no bottleneck."""
        self._load(connections, _WARM_S)
        before, tallies, after = self._counts(), self._load(connections, seconds), self._counts()
        ok = np.concatenate([tally.ok for tally in tallies])
        failed = sum(tally.failed + len(tally.refused) for tally in tallies)
        if failed or not len(ok):
            raise RowFailed(f"{len(ok)} good answers and {failed} others at {connections} connections")
        spent = {name: after[name] - before[name] for name in _PARTS}
        images, batches = spent.pop("images"), spent.pop("batches")
        parts = {name: 1e3 * total / max(1.0, images) for name, total in spent.items()}
        p50, p99 = (1e3 * float(each) for each in np.quantile(ok, (0.5, 0.99)))
        rate = sum(tally.rate() for tally in tallies)
        return Level(connections, rate, p50, p99, images / max(1.0, batches), parts)

    def slots(self) -> float:
        """Return the slots of all workers' rings."""
        return _value(self._metrics(), "triptych_ring_slots", {"state": "all"})

    def _load(self, connections: int, seconds: float) -> list[Tally]:
        request = Request.upload(self.url, USUAL.path.read_bytes())
        processes = min(connections, max(1, usable_cores() // 4))
        shares = [len(range(number, connections, processes)) for number in range(processes)]
        context = get_context("spawn")
        barrier = context.Barrier(processes)  # each has one share, and all begin together
        with ProcessPoolExecutor(processes, context, _begin_at, (barrier,)) as pool:
            return list(pool.map(_share, [request] * processes, shares, [seconds] * processes))

    def _counts(self) -> dict[str, float]:
        samples = self._metrics()
        return {part: _value(samples, *metric) for part, metric in _PARTS.items()}

    def _metrics(self) -> list[Sample]:
        text = requests.get(self.url.replace("/predict", "/metrics"), timeout=30).text
        return [sample for family in text_string_to_metric_families(text) for sample in family.samples]


def _value(samples: list[Sample], name: str, labels: dict[str, str]) -> float:
    return sum(each.value for each in samples if each.name == name and labels.items() <= each.labels.items())


def _begin_at(barrier: Barrier) -> None:
    global _barrier  # noqa: PLW0603  # one a process; it can't be sent with a task
    _barrier = barrier


def _share(request: Request, connections: int, seconds: float) -> Tally:
    _barrier.wait(START_S)
    return closed_loop(request, connections, seconds)


@contextmanager
def loaded(subject: Subject) -> Iterator[Loaded]:
    """Start it, and lend it once all workers answer.  Raises: RowFailed: they don't."""
    with running(subject) as server:
        made, log = Loaded(server.url), log_file(subject.name)
        has_engine_process = "TRIPTYCH_ENGINE" in dict(subject.environ)
        give_up = time.monotonic() + START_S
        while (
            made.slots() < _SLOTS * _workers()
            if has_engine_process
            else ready_workers(log.read_text(encoding="utf-8", errors="replace")) < usable_cores()
        ):
            if time.monotonic() > give_up:
                raise RowFailed(f"{subject.name}: not all workers came")
            time.sleep(0.2)
        yield made


def child(*arguments: str, environ: dict[str, str]) -> str:
    """Return what one of our own modules printed last.  Raises: RowFailed: it failed."""
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)  # noqa: S603  # our own
    if done.returncode:
        raise RowFailed(f"{' '.join(arguments)} failed:\n{done.stderr[-2000:]}")
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
