from pathlib import Path

import pytest

from bench.figure import Figure
from bench.plot import best, plot, share
from bench.report import line, table
from tests.unit.bench.rows_that_measure_nothing import result


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        (Figure("a", 5.2, 5.0, 6.0, "x", 5.0), ["a", "5.20 x", "5.00 to 6.00", ">= 5 x", "reached"]),
        (Figure("a", 4.9, 4.0, 6.0, "x", 5.0), ["a", "4.90 x", "4.00 to 6.00", ">= 5 x", "MISSED"]),
        (Figure("a", 523, 523, 523, "MB", 480, at_most=True), ["a", "523 MB", "<= 480 MB", "MISSED"]),
        (Figure("a", 2.4, 2.2, 2.5, "s", 2.5, at_most=True), ["a", "2.40 s", "2.20 to 2.50", "<= 2.5 s", "reached"]),
        (Figure("a", 1.5, 1.4, 1.6), ["a", "1.50 x", "1.40 to 1.60"]),
    ],
)
def test_a_row_shows_its_figure_its_interval_and_whether_it_reaches_its_goal(figure: Figure, shown: list[str]) -> None:
    assert [part.strip() for part in line(figure).split("  ") if part] == shown


def test_the_table_ends_with_the_configuration_of_every_subject() -> None:
    shown = table([result("a", 1.5), result("b", 2.5)], "two cores", pairs=5)
    assert "row a" in shown
    assert "row b" in shown
    assert "two cores; 5 pairs" in shown
    assert shown.endswith("ours: two workers")


def test_to_stand_better_to_a_goal_is_always_more() -> None:
    assert share(Figure("a", 10, 10, 10, goal=5), 10) == 2
    assert share(Figure("a", 240, 240, 240, goal=480, at_most=True), 240) == 2


def test_a_server_of_several_rows_is_shown_once() -> None:
    (server,) = best([result("a", 1.0), result("b", 3.0)])
    assert (server.name, server.rate, server.pss_mb) == ("Triptych", 2.0, 100.0)


def test_the_picture_is_drawn_with_what_there_is(tmp_path: Path) -> None:
    plot([], "nothing", tmp_path / "none.png")
    plot([result("a", 1.5), result("b", 500, goal=480, at_most=True)], "two rows", tmp_path / "two.png")
    assert [path.name for path in tmp_path.iterdir()] == ["two.png"]
