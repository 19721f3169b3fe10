"""What became of a candidate under load."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Self

from cli.load.tally import Tally
from cli.tuning.candidate import Candidate

_RISES = 1.03  # a rate that grows by less has stopped rising: repeated runs differ by 2 to 3 %
_MOST_PER_WORKER = 64  # connections, where neither the target nor the rate ends the search before


@dataclass(frozen=True, slots=True)
class Point:
    """A candidate under *connections* that are always busy: *rate* in answers a second, latencies in milliseconds."""

    connections: int
    rate: float
    p50_ms: float
    p99_ms: float
    failed: int = 0

    @classmethod
    def of(cls, connections: int, tally: Tally) -> Self:
        """Sum up one run of load; a refusal counts as failed."""
        failed = tally.failed + len(tally.refused)
        if not tally.ok:
            return cls(connections, 0.0, math.inf, math.inf, max(1, failed))
        # By Little's law: counting answers would err by one round of them at the ends of the run.
        rate = connections / fmean(tally.ok)
        return cls(connections, rate, median(tally.ok) * 1e3, _p99(tally.ok) * 1e3, failed)

    def meets(self, p99_ms: float) -> bool:
        """Say whether every request was answered, and 99 of 100 within the target."""
        return not self.failed and self.p99_ms <= p99_ms


@dataclass(frozen=True, slots=True)
class Trial:
    """A candidate with its points, by rising connections: the first is a lone request's. None: *problem* says why."""

    candidate: Candidate
    points: tuple[Point, ...]
    problem: str = ""

    @property
    def lone_ms(self) -> float:
        """Median of a lone request, milliseconds."""
        return self.points[0].p50_ms if self.points else math.inf

    @property
    def nearest(self) -> Point | None:
        """The point that comes nearest to a target that none meets."""
        return min(self.points, key=lambda point: (point.failed > 0, point.p99_ms), default=None)

    def best(self, p99_ms: float) -> Point | None:
        """Return the point with the highest rate that meets the target, if any does."""
        return max((p for p in self.points if p.meets(p99_ms)), key=lambda p: p.rate, default=None)


def levels(workers: int) -> Iterator[int]:
    """Yield the connections to try: 1, then 1, 2, 4 ... for each worker."""
    yield 1
    connections = workers
    while connections <= _MOST_PER_WORKER * workers:
        if connections > 1:
            yield connections
        connections *= 2


def goes_on(points: Sequence[Point], p99_ms: float) -> bool:
    """Say whether more connections than the last point's can show a better rate."""
    *before, last = points
    rises = not before or last.rate > _RISES * max(point.rate for point in before)
    return rises and last.meets(p99_ms)


def _p99(values: Sequence[float]) -> float:
    """Return the 99th percentile, by nearest rank: of less than a hundred values the largest."""
    return sorted(values)[math.ceil(0.99 * len(values)) - 1]
