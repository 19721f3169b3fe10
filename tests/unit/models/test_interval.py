"""Wilson's interval."""

import pytest

from models.interval import wilson


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [  # by statsmodels.stats.proportion.proportion_confint(method="wilson")
        (8, 10, 0.4902, 0.9433),
        (200, 200, 0.9812, 1.0),
        (0, 50, 0.0, 0.0713),
        (978, 1000, 0.9669, 0.9854),
    ],
)
def test_the_interval_is_the_published_one(hits: int, count: int, low: float, high: float) -> None:
    assert wilson(hits, count) == pytest.approx((low, high), abs=5e-5)


def test_nothing_counted_says_nothing() -> None:
    assert wilson(0, 0) == (0, 1)
