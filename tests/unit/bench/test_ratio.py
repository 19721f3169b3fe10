import random

import pytest

from bench.ratio import estimate, ratios


def test_each_run_is_divided_by_its_own_partner() -> None:
    assert ratios([10, 20], [5, 5]) == [2, 4]
    with pytest.raises(ValueError, match="zip"):
        ratios([1], [1, 2])


@pytest.mark.parametrize(
    ("values", "low", "high", "confidence"),
    [  # confidence: 1 - 2 * P(Binomial(n, 1/2) < k), from tables of the sign test
        ([3.0], 3, 3, 0),
        ([2.0, 1.0, 3.0], 1, 3, 0.75),
        ([5.0, 1.0, 4.0, 2.0, 3.0], 1, 5, 0.9375),
        ([8.0, 1.0, 2.0, 7.0, 3.0, 6.0, 4.0, 5.0], 2, 7, 0.9297),
    ],
)
def test_the_interval_is_that_of_the_sign_test(values: list[float], low: float, high: float, confidence: float) -> None:
    found = estimate(values)
    assert (found.low, found.high) == (low, high)
    assert found.confidence == pytest.approx(confidence, abs=1e-4)


def test_the_interval_holds_the_true_median_as_often_as_it_says() -> None:
    rng = random.Random(1)
    held = 0
    for _ in range(2000):
        found = estimate([rng.lognormvariate(0, 1) for _ in range(5)])
        held += found.low <= 1 <= found.high  # the median of this distribution is 1
    assert held / 2000 == pytest.approx(0.9375, abs=0.02)
