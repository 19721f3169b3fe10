"""What a run of load says, and when the search goes on."""

import math
from collections import Counter
from itertools import islice

import pytest

from cli.load.tally import Tally
from cli.tuning.candidate import Candidate
from cli.tuning.trial import Point, Trial, goes_on, levels
from models.manifest import Precision

CANDIDATE = Candidate(2, 1, Precision.INT8)


def point(connections: int, rate: float, p99_ms: float = 10, failed: int = 0) -> Point:
    return Point(connections, rate, p50_ms=5, p99_ms=p99_ms, failed=failed)


def test_a_run_becomes_its_rate_and_percentiles() -> None:
    found = Point.of(4, Tally(1.0, ok=[0.1] * 197 + [0.2, 0.5, 0.9], ok_at=[0.5] * 200))
    assert found.rate == pytest.approx(4 * 200 / (19.7 + 1.6))
    assert (found.p50_ms, found.p99_ms, found.failed) == (100, 200, 0)


def test_of_few_answers_the_slowest_is_the_99th_percentile() -> None:
    assert Point.of(1, Tally(1.0, ok=[0.1, 0.3, 0.2])).p99_ms == 300


@pytest.mark.parametrize(
    "tally",
    [
        Tally(1.0, ok=[0.1], refused=[0.1]),
        Tally(1.0, ok=[0.1], others=Counter({500: 1})),
        Tally(1.0, ok=[0.1], timeouts=1),
        Tally(1.0),
    ],
)
def test_a_run_with_a_failure_or_a_refusal_or_no_answer_meets_no_target(tally: Tally) -> None:
    assert Point.of(1, tally).failed == 1
    assert not Point.of(1, tally).meets(math.inf)


@pytest.mark.parametrize(
    ("workers", "wanted"), [(1, [1, 2, 4, 8]), (2, [1, 2, 4, 8]), (3, [1, 3, 6, 12]), (8, [1, 8, 16, 32])]
)
def test_connections_rise_from_one_by_what_the_workers_can_hold(workers: int, wanted: list[int]) -> None:
    assert list(islice(levels(workers), 4)) == wanted
    assert max(levels(workers)) == 64 * workers


@pytest.mark.parametrize(
    ("points", "goes"),
    [
        ([point(1, 10)], True),
        ([point(1, 10, p99_ms=101)], False),
        ([point(1, 10), point(2, 20)], True),
        ([point(1, 10), point(2, 20), point(4, 20.4)], False),  # 2 % are noise
        ([point(1, 10), point(2, 20, p99_ms=101)], False),
        ([point(1, 10), point(2, 20, failed=1)], False),
    ],
)
def test_the_search_ends_where_the_rate_stops_rising_or_the_target_is_missed(points: list[Point], goes: bool) -> None:
    assert goes_on(points, 100) is goes


def test_a_candidate_s_figure_is_the_best_rate_that_meets_the_target() -> None:
    trial = Trial(CANDIDATE, (point(1, 10), point(2, 20, 50), point(4, 30, 200), point(8, 40, 40, failed=1)))
    assert trial.lone_ms == 5
    best = trial.best(100)
    assert best is not None
    assert best.connections == 2
    assert trial.best(9) is None
    nearest = trial.nearest
    assert nearest is not None
    assert nearest.connections == 1


def test_what_did_not_start_meets_no_target() -> None:
    trial = Trial(CANDIDATE, (), "no memory")
    assert trial.best(math.inf) is trial.nearest is None
    assert trial.lone_ms == math.inf
