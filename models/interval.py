"""How sure a share is: the interval around k of n."""

from math import sqrt
from typing import NamedTuple

_Z = 1.959964  # the normal distribution's 97.5th percentile: 95 % two-sided


class Interval(NamedTuple):
    """A 95 % interval of a share, both in [0, 1]."""

    low: float
    high: float


def wilson(hits: int, count: int) -> Interval:
    """Return the 95 % score interval of *hits* of *count* (E. B. Wilson, 1927): right for shares near 0 and 1 too.

    Nothing counted says nothing: (0, 1).
    """
    if count == 0:
        return Interval(0.0, 1.0)
    share, z2 = hits / count, _Z * _Z
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return Interval(max(0.0, centre - half), min(1.0, centre + half))
