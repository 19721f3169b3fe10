"""Which of the tried candidates are worth having, and which is the best."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from cli.tuning.candidate import Candidate
from cli.tuning.trial import Point, Trial

_CLOSE = 0.9  # of the best: a busy moment of the machine can cost a run so much
_TIE = 0.97  # of the best: repeated runs differ by 2 to 3 %


class Good(NamedTuple):
    """A trial that meets the target, with its best point."""

    trial: Trial
    point: Point


def meeting(trials: Iterable[Trial], p99_ms: float) -> list[Good]:
    """Return the trials that meet the target."""
    return [Good(trial, point) for trial in trials if (point := trial.best(p99_ms))]


def frontier(found: Sequence[Good]) -> set[Candidate]:
    """Return the candidates that no other beats in both: more answers a second, and a quicker lone request."""
    return {good.trial.candidate for good in found if not any(_beats(other, good) for other in found)}


def finalists(found: Sequence[Good]) -> list[Candidate]:
    """Return the candidates so close to the highest rate that a second try may change the order; else none."""
    close = [good for good in found if good.point.rate >= _CLOSE * max(each.point.rate for each in found)]
    return [good.trial.candidate for good in close] if len(close) > 1 else []


def better(first: Trial, second: Trial, p99_ms: float) -> Trial:
    """Return that of two trials of one candidate which counts: a disturbance only ever slows."""
    return max(first, second, key=lambda trial: point.rate if (point := trial.best(p99_ms)) else 0.0)


def choose(found: Sequence[Good]) -> Good | None:
    """Return the one with the highest rate; of those equal in it the quickest alone, then the fewest workers.

    What differs by less than 3 % is equal; fewer workers are less memory.
    """
    fast = [good for good in found if good.point.rate >= _TIE * max(each.point.rate for each in found)]
    quick = [good for good in fast if _TIE * good.trial.lone_ms <= min(each.trial.lone_ms for each in fast)]
    return min(quick, key=lambda good: (good.trial.candidate.workers, -good.point.rate), default=None)


def _beats(other: Good, good: Good) -> bool:
    return other.point.rate > good.point.rate and other.trial.lone_ms < good.trial.lone_ms
