"""Rows for tests: they need no server."""

from dataclasses import dataclass, field

from bench.figure import Figure, Result, Server
from bench.probe import Bench
from bench.services import RowFailed
from bench.subject import Subject


@dataclass(frozen=True)
class FakeRow:
    """Finds *value*; None fails."""

    slug: str
    value: float | None = 1.0
    title: str = "a row"
    subjects: frozenset[Subject] = field(default_factory=frozenset)

    def runs(self, pairs: int) -> int:
        return pairs

    def measure(self, bench: Bench) -> Result:
        bench.step(self.slug)
        if self.value is None:
            raise RowFailed("no luck")
        return result(self.slug, self.value)


def result(slug: str, value: float, goal: float | None = 2.0, at_most: bool = False) -> Result:
    figure = Figure(f"row {slug}", value, value * 0.9, value * 1.1, "x", goal, at_most)
    return Result(slug, (figure,), {"ours": [value]}, {"ours": "two workers"}, (Server("Triptych", value, 100.0),))
