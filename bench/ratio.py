"""The median of the pairs' ratios, and how sure it is."""

from collections.abc import Sequence
from math import comb
from statistics import median
from typing import NamedTuple

_ENOUGH = 0.9  # of confidence: five pairs give 94 % from the least to the largest, eight 93 % without these two


class Estimate(NamedTuple):
    """A median with an interval that holds the true one with *confidence* (0 to 1)."""

    value: float
    low: float
    high: float
    confidence: float


def estimate(values: Sequence[float]) -> Estimate:
    """Return the median and the narrowest pair of order statistics that is sure enough; no distribution is assumed.

    Between the k-th least and the k-th largest of n lies the median unless fewer than k of n fall on one side of it.
    """
    ordered, count = sorted(values), len(values)

    def confidence(k: int) -> float:
        return 1.0 - sum(comb(count, i) for i in range(k)) / float(2 ** (count - 1))

    k = max((k for k in range(1, (count + 1) // 2 + 1) if confidence(k) >= _ENOUGH), default=1)
    return Estimate(median(ordered), ordered[k - 1], ordered[-k], confidence(k))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Return ours / theirs of each pair, in the order measured."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]
