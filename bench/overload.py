"""The row of the overload: far more requests than can be served, arriving whatever happens (an open loop)."""

import time
from dataclasses import dataclass
from statistics import median, quantiles

from bench.figure import Figure, Result
from bench.pictures import USUAL
from bench.probe import Bench
from bench.ratio import estimate
from bench.subject import Subject
from bench.tree import cpu_s
from cli.load.exchange import Request
from cli.load.loops import closed_loop, open_loop, poisson
from cli.load.tally import Tally

_SLICES = 6  # of an overload, for the interval of its goodput
_PEAK_CONNECTIONS = 8
_SETTLE_S = 60


@dataclass(frozen=True, slots=True)
class Run:
    """One run of load and the CPU seconds that the service used in it."""

    tally: Tally
    service_cpu_s: float


@dataclass(frozen=True, slots=True)
class Overload:
    """At 3 and 5 times the peak, offered for `Bench.overload_s`: what is still served, how fast, and the rest how."""

    subject: Subject
    slug: str = "overload"
    title: str = "overload"

    @property
    def subjects(self) -> frozenset[Subject]:
        """The server that it needs."""
        return frozenset({self.subject})

    def runs(self, pairs: int) -> int:  # an overload is long instead of repeated
        """Return how many steps `measure` tells of."""
        return 6

    def measure(self, bench: Bench) -> Result:
        """Measure the peak before, between and after the overloads.  Raises: RowFailed."""
        server = bench.fleet.get(self.subject)
        request = Request.upload(server.url, USUAL.path.read_bytes())

        def closed(connections: int, seconds: float) -> Run:
            bench.step(f"{self.title}: {connections} connections")
            before = cpu_s(server.pid)
            return Run(closed_loop(request, connections, seconds, ramp_s=0), cpu_s(server.pid) - before)

        def overload(factor: int, peak: float) -> Run:
            bench.step(f"{self.title}: {factor} times the peak")
            before, seconds = cpu_s(server.pid), bench.overload_s
            tally = open_loop(request, poisson(factor * peak, seconds), seconds)
            used = cpu_s(server.pid) - before
            _settle(request, median(alone.tally.ok))
            return Run(tally, used)

        alone = closed(1, bench.seconds)
        peaks = [closed(_PEAK_CONNECTIONS, 2 * bench.seconds)]
        runs = {}
        for factor in (3, 5):
            runs[factor] = overload(factor, peaks[-1].tally.rate())
            peaks.append(closed(_PEAK_CONNECTIONS, 2 * bench.seconds))
        figures = [figure for factor, run in runs.items() for figure in figures_of(factor, run, alone, peaks)]
        raw = {f"{factor} x the peak, {name}": value for factor, run in runs.items() for name, value in _raw(run)}
        raw["peak, answers a second"] = [peak.tally.rate() for peak in peaks]
        return Result(self.slug, tuple(figures), raw, {self.subject.name: self.subject.configuration})


def _settle(request: Request, unloaded_s: float) -> None:
    """Wait until a lone caller is served as before: what was given up may still be in the service's queue."""
    end = time.monotonic() + _SETTLE_S
    while time.monotonic() < end:
        answers = closed_loop(request, 1, seconds=0.5, ramp_s=0).ok
        if answers and median(answers) < 2 * unloaded_s:
            return


def figures_of(factor: int, run: Run, alone: Run, peaks: list[Run]) -> list[Figure]:
    """Return what an overload of *factor* peaks showed; *alone* is a lone caller's run."""
    tally, goals = run.tally, factor == 3
    peak = median(each.tally.rate() for each in peaks)
    length = tally.seconds / _SLICES
    slices = [tally.rate(n * length, (n + 1) * length) / peak for n in range(_SLICES)]
    figures = [Figure.of("goodput, share of the peak", estimate(slices), goal=0.85 if goals else None)]

    def add(name: str, value: float, unit: str, most: float | None) -> None:
        figures.append(Figure(name, value, value, value, unit, most if goals else None, at_most=True))

    if len(tally.ok) > 1:
        p99 = quantiles(tally.ok, n=100)[98]
        add("p99 of those answered, in unloaded p50s", p99 / median(alone.tally.ok), "x", 10)
    unanswered = tally.failed - tally.resets  # resets have a goal of their own
    add("neither answered nor 503 with Retry-After", 100 * unanswered / tally.total, "%", 0)
    add("connection resets", 100 * tally.resets / tally.total, "%", 0.1)
    return [_named(figure, f"{factor} x the peak: {figure.name}") for figure in figures]


def _named(figure: Figure, name: str) -> Figure:
    return Figure(name, figure.value, figure.low, figure.high, figure.unit, figure.goal, figure.at_most)


def _raw(run: Run) -> list[tuple[str, list[float]]]:
    tally = run.tally
    counts = {
        "answered": len(tally.ok),
        "refused with Retry-After": len(tally.refused),
        "refused without": tally.refused_without,
        "other statuses": tally.others.total(),
        "resets": tally.resets,
        "timeouts": tally.timeouts,
    }
    seconds = {"service CPU s": run.service_cpu_s, "generator CPU s": tally.cpu_s}
    refused = {"median refusal, ms": median(tally.refused) * 1e3} if tally.refused else {}
    return [(name, [float(value)]) for name, value in (counts | seconds | refused).items()]
