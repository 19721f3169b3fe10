"""The frontier, the choice, and how both are shown."""

import pytest

from cli.tuning.candidate import Candidate
from cli.tuning.frontier import better, choose, finalists, frontier, meeting
from cli.tuning.table import nearest, table
from cli.tuning.trial import Point, Trial
from models.manifest import Precision


def trial(workers: int, rate: float, lone_ms: float, p99_ms: float = 50, failed: int = 0) -> Trial:
    lone = Point(1, rate / 2, lone_ms, p99_ms - 1)
    return Trial(Candidate(workers, 1, Precision.INT8), (lone, Point(8, rate, 20, p99_ms, failed)))


def names(found: set[Candidate]) -> set[int]:
    return {candidate.workers for candidate in found}


def test_on_the_frontier_is_what_no_other_beats_in_both() -> None:
    found = meeting([trial(1, 100, 5), trial(2, 50, 10), trial(3, 110, 9), trial(4, 105, 4, p99_ms=900)], 60)
    assert names(frontier(found)) == {1, 3}, "2 is beaten, 4 misses the target"


def test_equals_are_both_on_the_frontier() -> None:
    assert names(frontier(meeting([trial(1, 100, 5), trial(2, 100, 5)], 60))) == {1, 2}


@pytest.mark.parametrize(
    ("trials", "workers"),
    [
        ([trial(1, 100, 5), trial(2, 110, 50)], 2),  # the rate counts first
        ([trial(2, 110, 50), trial(4, 108, 5)], 4),  # 2 % are a tie: the quicker alone
        ([trial(4, 110, 5), trial(2, 108, 5.1)], 2),  # in both: fewer workers
        ([trial(2, 108, 5), trial(2, 110, 5.1)], 2),
        ([trial(1, 500, 1, p99_ms=100), trial(2, 10, 5)], 2),
        ([trial(1, 500, 1, failed=1), trial(2, 300, 5)], 2),
    ],
)
def test_the_choice_is_the_highest_rate_then_the_quickest_then_the_smallest(trials: list[Trial], workers: int) -> None:
    good = choose(meeting(trials, 60))
    assert good is not None
    assert good.trial.candidate.workers == workers


def test_those_within_a_tenth_of_the_best_are_tried_again_if_there_are_several() -> None:
    trials = [trial(1, 100, 5), trial(2, 91, 5), trial(4, 89, 5), trial(8, 200, 5, p99_ms=100)]
    assert [candidate.workers for candidate in finalists(meeting(trials, 60))] == [1, 2]
    assert finalists(meeting(trials[::2], 60)) == finalists([]) == []


def test_of_two_trials_the_faster_under_the_target_counts() -> None:
    slow, fast, late = trial(1, 90, 5), trial(1, 100, 6), trial(1, 300, 5, p99_ms=100)
    assert better(slow, fast, 60) is better(fast, slow, 60) is fast
    assert better(slow, late, 60) is better(late, slow, 60) is slow
    assert better(slow, Trial(slow.candidate, (), "no memory"), 60) is slow


def test_where_none_meets_the_target_there_is_no_choice_and_the_nearest_is_told() -> None:
    trials = [trial(1, 100, 5, p99_ms=80), trial(2, 100, 5, p99_ms=70), Trial(trial(4, 1, 1).candidate, (), "x")]
    assert choose(meeting(trials, 60)) is None
    assert "WORKERS=2 THREADS=1 PRECISION=int8: p99 69.0 ms at 1 connections" in nearest(trials)
    assert nearest(trials[2:]) == "No service started."


def test_the_table_marks_the_choice_the_frontier_and_the_default_and_says_why_others_are_out() -> None:
    broken = Trial(Candidate(16, 1, Precision.INT8), (), "the service did not start:\nno memory")
    trials = [trial(1, 100, 5), trial(2, 110, 9), trial(4, 50, 10), trial(8, 200, 1, p99_ms=100), broken]
    lines = table(trials, 60, trials[1].candidate, trials[0].candidate).splitlines()
    assert [line[:2] for line in lines[1:]] == [">*", " *", "  ", "  ", "  "]
    assert [int(line[2:10]) for line in lines[1:]] == [2, 1, 4, 8, 16]
    assert lines[2].endswith("(default)")
    assert "misses the target: p99 99.0 ms" in lines[4] or "p99 100.0 ms" in lines[4]
    assert lines[5].endswith("no memory")
    assert len(lines[0]) == len(lines[1])
