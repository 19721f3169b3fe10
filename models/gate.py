"""The gate: whether a faster precision answers so much like float32 that it may be served in its place."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.engine import Scores
from models.interval import wilson
from models.judgement import Agreement, Gate

MIN_PHOTOS = 200
MARGIN = 0.05  # float32's first probability minus its second: below it, either label is a coin's toss
MIN_AGREEMENT = 0.97  # lower end of the 95 % interval of top-1 agreement
MAX_P99_CHANGE = 0.10


class Comparison(NamedTuple):
    """One image at two precisions. *sure*: float32's margin exceeds MARGIN; *change*: largest of a probability."""

    sure: bool
    same_top1: bool
    change: float


def compare(float32: Scores, other: Scores) -> Comparison:
    """Compare two rows of scores (classes,)."""
    second, first = np.partition(float32, -2)[-2:]
    change = float(np.abs(float32 - other).max())
    return Comparison(bool(first - second > MARGIN), bool(float32.argmax() == other.argmax()), change)


def agreement(comparisons: Sequence[Comparison]) -> Agreement:
    """Sum up one comparison an image."""
    sure = [each for each in comparisons if each.sure]
    agreed = sum(each.same_top1 for each in sure)
    p99 = float(np.percentile([each.change for each in comparisons], 99))
    low = wilson(agreed, len(sure)).low
    return Agreement(images=len(comparisons), compared=len(sure), agreed=agreed, low=low, p99_change=p99)


def objection(found: Agreement, gate: Gate) -> str:
    """Return why a precision that agrees with float32 as *found* may not be served; empty: it may."""
    if not found.p99_change <= MAX_P99_CHANGE:  # also what is not a number
        return f"probabilities change by more than {MAX_P99_CHANGE:g}"
    if gate is Gate.NUMERIC or found.low >= MIN_AGREEMENT:
        return ""
    if found.agreed == found.compared:
        return f"float32 is sure of too few photos ({found.compared})"
    return f"the same top-1 is not certain for {MIN_AGREEMENT:.0%}"
