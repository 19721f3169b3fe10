"""What a row found: figures with their goals, and the runs that they come from."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from bench.ratio import Estimate


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its interval (equal to it where there is none). *unit* is `x` for a ratio.

    *goal* is the least it is to be, or the most where *at_most*; None: reported without a goal.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str = "x"
    goal: float | None = None
    at_most: bool = False

    @classmethod
    def of(
        cls, name: str, found: Estimate, *, unit: str = "x", goal: float | None = None, at_most: bool = False
    ) -> Self:
        """Return the figure for an estimate."""
        return cls(name, found.value, found.low, found.high, unit, goal, at_most)

    @property
    def reached(self) -> bool | None:
        """Say whether the goal is reached; None where there is none."""
        if self.goal is None:
            return None
        return self.value <= self.goal if self.at_most else self.value >= self.goal


@dataclass(frozen=True, slots=True)
class Server:
    """One server under 8 connections: *rate* in answers a second, *pss_mb* of its process tree."""

    name: str
    rate: float
    pss_mb: float


@dataclass(frozen=True, slots=True)
class Result:
    """All that a row found. *runs* holds the raw figures by subject, *configurations* what each subject was."""

    slug: str
    figures: tuple[Figure, ...]
    runs: dict[str, list[float]] = field(default_factory=dict)
    configurations: dict[str, str] = field(default_factory=dict)
    servers: tuple[Server, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON's types."""
        kept: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return kept

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return what `to_json` gave.  Raises: TypeError, KeyError: it is something else."""
        figures = tuple(Figure(**each) for each in kept["figures"])
        servers = tuple(Server(**each) for each in kept["servers"])
        return cls(kept["slug"], figures, kept["runs"], kept["configurations"], servers)


def number(value: float) -> str:
    """Return it as people read it: three digits or so."""
    return f"{value:.2f}" if abs(value) < 100 else f"{value:,.0f}"
