"""Which rows are measured, what is kept of them, and when servers stop."""

from pathlib import Path
from typing import cast

import pytest

from bench.fleet import Fleet
from bench.kept import Kept
from bench.probe import Bench
from bench.row import Row
from bench.session import measure, missing
from bench.subject import Subject
from tests.unit.bench.rows_that_measure_nothing import FakeRow, result

OPTIONS = {"pairs": 5, "seconds": 4.0}


class FakeFleet:
    def __init__(self) -> None:
        self.kept: list[set[Subject]] = []

    def keep(self, subjects: set[Subject]) -> None:
        self.kept.append(subjects)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "rows/abc", OPTIONS)


def run(rows: list[Row], kept: Kept) -> tuple[FakeFleet, list[str], list[str]]:
    fleet, steps, failures = FakeFleet(), [""], [""]
    bench = Bench(cast(Fleet, fleet), 5, 4.0, 60.0, steps.append)
    measure(rows, bench, cast(Fleet, fleet), kept, failures.append)
    return fleet, steps[1:], failures[1:]


def test_a_result_comes_back_as_it_was_kept(kept: Kept) -> None:
    kept.put(result("a", 1.5))
    assert kept.get("a") == result("a", 1.5)


def test_a_result_of_other_options_or_of_no_shape_we_know_does_not_count(kept: Kept) -> None:
    kept.put(result("a", 1.5))
    assert Kept(kept.folder, {**OPTIONS, "pairs": 1}).get("a") is None
    for text in ("", "{}", '{"options": {}, "result": 3}', "[]"):
        (kept.folder / "a.json").write_text(text)
        assert kept.get("a") is None


def test_an_interrupted_bench_goes_on_with_what_is_missing(kept: Kept) -> None:
    rows: list[Row] = [FakeRow("a"), FakeRow("b")]
    kept.put(result("a", 1.5))
    assert [row.slug for row in missing(rows, kept, fresh=False)] == ["b"]
    assert missing(rows, kept, fresh=True) == rows


def test_a_row_that_fails_is_named_and_the_others_are_measured(kept: Kept) -> None:
    _, steps, failures = run([FakeRow("a"), FakeRow("b", value=None), FakeRow("c")], kept)
    assert steps == ["a", "b", "c"]
    assert failures == ["b: no luck"]
    assert kept.get("a")
    assert kept.get("b") is None
    assert kept.get("c")


def test_a_server_is_kept_up_to_the_last_row_that_needs_it(kept: Kept) -> None:
    x, y = Subject("x", "", ()), Subject("y", "", ())
    rows: list[Row] = [
        FakeRow("a", subjects=frozenset({x, y})),
        FakeRow("b", value=None, subjects=frozenset({y})),
        FakeRow("c", subjects=frozenset({x})),
    ]
    fleet, _, _ = run(rows, kept)
    assert fleet.kept == [{x, y}, {x}, set()]
