"""One measurement of one subject: what a row repeats."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from statistics import fmean, median
from typing import Protocol

from bench.fleet import Fleet
from bench.pictures import USUAL, Picture
from bench.places import ROOT, prepared
from bench.services import RowFailed, clean_environment
from bench.subject import Subject
from cli.load.exchange import Request
from cli.load.loops import closed_loop
from cli.load.tally import Tally

_MANY = 8  # connections, above which a service may refuse some


@dataclass(frozen=True, slots=True)
class Bench:
    """What a row measures with: *pairs* of runs of *seconds* each; *step* is told each run before it begins."""

    fleet: Fleet
    pairs: int
    seconds: float
    overload_s: float
    step: Callable[[str], None]


class Probe(Protocol):
    """Measures one subject; None: the subject is no server."""

    @property
    def name(self) -> str:
        """What the report calls it."""

    @property
    def subject(self) -> Subject | None:
        """The server that it needs."""

    def run(self, bench: Bench) -> float:
        """Return one figure.  Raises: RowFailed."""


def loaded(bench: Bench, subject: Subject, connections: int, picture: Picture = USUAL, images: int = 1) -> Tally:
    """Load a server in a closed loop.  Raises: RowFailed: a request failed, so that the rest says nothing."""
    server = bench.fleet.get(subject)
    upload = Request.upload(server.url, *[picture.path.read_bytes()] * images)
    tally = closed_loop(upload, connections, bench.seconds)
    if tally.failed or not tally.ok or (tally.refused and connections <= _MANY):
        raise RowFailed(
            f"{subject.name}: {len(tally.ok)} good answers, {len(tally.refused)} refused, {tally.resets} resets, "
            f"{tally.timeouts} timeouts, others {dict(tally.others)}"
        )
    return tally


@dataclass(frozen=True, slots=True)
class Rate:
    """Images answered in a second under *connections* that are always busy; *images* in each request."""

    subject: Subject
    connections: int = 8
    picture: Picture = USUAL
    images: int = 1

    @property
    def name(self) -> str:
        """See `Probe`."""
        return self.subject.name

    def run(self, bench: Bench) -> float:
        """Return the rate by Little's law, connections x images / mean latency.

        Counting answers would err by one batch of four in the dozen that the slow ones give in a run.
        """
        tally = loaded(bench, self.subject, self.connections, self.picture, self.images)
        return self.images * (tally.rate() if tally.refused else self.connections / fmean(tally.ok))


@dataclass(frozen=True, slots=True)
class MedianMs:
    """Milliseconds of the median request of a lone caller."""

    subject: Subject
    picture: Picture = USUAL

    @property
    def name(self) -> str:
        """See `Probe`."""
        return self.subject.name

    def run(self, bench: Bench) -> float:
        """Return the median latency."""
        return median(loaded(bench, self.subject, 1, self.picture).ok) * 1e3


@dataclass(frozen=True, slots=True)
class BareLoop:
    """Decode, resize, infer, and no HTTP: *key* is `rate` (answers a second) or `p50_ms`."""

    processes: int
    threads: int
    key: str
    subject: None = None

    @property
    def name(self) -> str:
        """See `Probe`."""
        return f"bare loop, {self.processes} processes x {self.threads} threads"

    def run(self, bench: Bench) -> float:
        """Return the figure *key*."""
        numbers = [str(number) for number in (self.processes, self.threads, bench.seconds)]
        arguments = [*numbers, str(USUAL.path), str(prepared("resnet50")), "resnet50", "int8"]
        done = subprocess.run(  # noqa: S603  # our own command
            [sys.executable, "-m", "bench.bare", *arguments],
            cwd=ROOT, env=clean_environment(), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RowFailed(f"the bare loop failed: {done.stderr.strip()[-200:]}")
        return float(json.loads(done.stdout)[self.key])
