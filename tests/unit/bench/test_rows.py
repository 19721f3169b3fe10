import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import subject
from bench.comparison import Comparison
from bench.figure import Server
from bench.fleet import Fleet
from bench.preparation import Step
from bench.probe import Bench
from bench.rows import more_rows, rows, selected
from bench.tree import cpu_s, pss_mb, tree


@pytest.fixture(autouse=True)
def prepared_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "prepared", lambda name: Path("/prepared") / name)


class FakeProbe:
    """Gives its figures one after the other."""

    subject = None

    def __init__(self, name: str, *figures: float) -> None:
        self.name = name
        self._figures = iter(figures)

    def run(self, bench: Bench) -> float:
        return next(self._figures)


def bench_of(pairs: int, steps: list[str]) -> Bench:
    return Bench(Fleet(Path("/none"), steps.append), pairs, 1.0, 1.0, steps.append)


def test_every_row_has_a_name_of_its_own_and_comes_by_it() -> None:
    everything = rows(2) + more_rows(2)
    slugs = [row.slug for row in everything]
    assert len(set(slugs)) == len(slugs)
    assert selected(everything, "") == everything
    assert [row.slug for row in selected(everything, "start,8-naive")] == ["8-naive", "start"]
    with pytest.raises(SystemExit, match="no row 9-naive; there are 8-naive"):
        selected(everything, "9-naive")


def test_the_service_has_one_configuration_for_8_2_and_1_connections() -> None:
    by_slug = {row.slug: row for row in rows(2)}
    assert by_slug["8-bare"].subjects == by_slug["2-bare"].subjects == by_slug["1-bare"].subjects
    assert len(by_slug["8-bare"].subjects) == 1


def test_sides_are_measured_in_turn_and_compared_in_pairs() -> None:
    ours, theirs, steps = FakeProbe("ours", 10, 30), FakeProbe("theirs", 5, 10), list[str]()
    row = Comparison("a", "A", ours, (theirs,), goal=2)
    found = row.measure(bench_of(2, steps))
    assert steps == ["A: ours", "A: theirs"] * 2
    assert len(steps) == row.runs(2)
    assert found.runs == {"ours": [10, 30], "theirs": [5, 10]}
    (figure,) = found.figures
    assert (figure.value, figure.low, figure.high, figure.reached) == (2.5, 2, 3, True)
    assert found.servers == tuple[Server, ...]()


def test_of_several_configurations_the_fastest_is_compared() -> None:
    slow, fast = FakeProbe("1 x 2", 4, 4), FakeProbe("2 x 1", 5, 5, 10)
    row = Comparison("a", "A", FakeProbe("ours", 20), (slow, fast))
    steps: list[str] = []
    found = row.measure(bench_of(1, steps))
    assert found.runs == {"ours": [20], "2 x 1": [10]}
    assert len(steps) == row.runs(1)


def test_what_is_prepared_is_made_anew_only_where_its_sources_changed(tmp_path: Path) -> None:
    made: list[int] = []
    sources = [b"one"]
    step = Step("a", tmp_path / "marker", lambda: sources[0], lambda: made.append(1))
    assert not step.is_done()
    step.run()
    assert step.is_done()
    sources[0] = b"two"
    assert not step.is_done()


def test_a_process_tree_is_measured_whole() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert {os.getpid(), child.pid} <= set(tree(os.getpid()))
        assert 0 < pss_mb(child.pid) < pss_mb(os.getpid())
        assert cpu_s(os.getpid()) > 0
    finally:
        child.communicate(b"\n")
    assert tree(child.pid) == [child.pid]
    assert pss_mb(child.pid) == 0
