"""The usual row: ours against theirs, A-B-A-B, judged by the ratio of each pair."""

from dataclasses import dataclass
from statistics import median

from bench.figure import Figure, Result, Server
from bench.probe import Bench, Probe, Rate
from bench.ratio import estimate, ratios
from bench.subject import Subject
from bench.tree import pss_mb

_TRIALS = 2  # of each configuration that the best is chosen of


@dataclass(frozen=True, slots=True)
class Comparison:
    """ours / theirs is to be at least *goal* (at most, where *at_most*). Of several *theirs* the fastest is taken."""

    slug: str
    title: str
    ours: Probe
    theirs: tuple[Probe, ...]
    goal: float | None = None
    at_most: bool = False

    @property
    def subjects(self) -> frozenset[Subject]:
        """The servers that it needs."""
        return frozenset(probe.subject for probe in (self.ours, *self.theirs) if probe.subject is not None)

    def runs(self, pairs: int) -> int:
        """Return how many steps `measure` tells of."""
        return 2 * pairs + (_TRIALS * len(self.theirs) if len(self.theirs) > 1 else 0)

    def measure(self, bench: Bench) -> Result:
        """Measure both sides in turn.  Raises: RowFailed."""
        theirs = self._best(bench)
        runs: dict[Probe, list[float]] = {self.ours: [], theirs: []}
        for _ in range(bench.pairs):
            for probe, figures in runs.items():
                bench.step(f"{self.title}: {probe.name}")
                figures.append(probe.run(bench))
        found = estimate(ratios(*runs.values()))
        return Result(
            self.slug,
            (Figure.of(self.title, found, goal=self.goal, at_most=self.at_most),),
            {probe.name: figures for probe, figures in runs.items()},
            {probe.name: probe.subject.configuration for probe in runs if probe.subject is not None},
            tuple(_server(bench, probe, figures) for probe, figures in runs.items() if _is_crowd(probe)),
        )

    def _best(self, bench: Bench) -> Probe:
        if len(self.theirs) == 1:
            return self.theirs[0]
        trials: dict[Probe, list[float]] = {probe: [] for probe in self.theirs}
        for _ in range(_TRIALS):
            for probe, figures in trials.items():
                bench.step(f"{self.title}: which is best")
                figures.append(probe.run(bench))
        return max(trials, key=lambda probe: median(trials[probe]))


def _is_crowd(probe: Probe) -> bool:
    return isinstance(probe, Rate) and probe == Rate(probe.subject)


def _server(bench: Bench, probe: Probe, figures: list[float]) -> Server:
    assert probe.subject is not None  # noqa: S101  # for mypy: _is_crowd has seen it
    return Server(probe.name, median(figures), pss_mb(bench.fleet.get(probe.subject).pid))
