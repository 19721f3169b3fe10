"""Why a worker ended."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.unit.web.processes import Processes
from web import deaths
from web.deaths import count_death, leave_word, reason_of_this_end


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    Processes(tmp_path, monkeypatch).become(1)
    deaths.deaths.cache_clear()
    yield tmp_path
    deaths.deaths.cache_clear()


def counted() -> dict[str, float]:
    samples = next(iter(deaths.deaths().collect())).samples
    return {s.labels["reason"]: s.value for s in samples if s.name.endswith("_total") and s.value}


def test_one_that_left_no_word_was_killed(folder: Path) -> None:
    count_death(folder, 7, aborted=False)
    assert counted() == {"killed": 1}


def test_one_without_a_heartbeat_is_told_from_one_that_the_watchdog_ended(folder: Path) -> None:
    leave_word(folder, 7, "failed")  # what the master's SIGABRT makes of a worker that can still run
    count_death(folder, 7, aborted=True)
    count_death(folder, 8, aborted=True)
    leave_word(folder, 9, "hung")
    leave_word(folder, 9, "failed")
    count_death(folder, 9, aborted=True)
    assert counted() == {"timeout": 2, "hung": 1}


def test_a_word_counts_once_and_only_if_it_is_one(folder: Path) -> None:
    leave_word(folder, 7, "ended")
    count_death(folder, 7, aborted=False)
    (folder / "word_7").write_text("")  # killed while it wrote
    count_death(folder, 7, aborted=False)
    count_death(folder, 7, aborted=False)
    assert counted() == {"ended": 1, "killed": 2}


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (None, "ended"),
        (SystemExit(0), "ended"),
        (SystemExit(), "ended"),
        (SystemExit(1), "failed"),
        (OSError(), "failed"),
    ],
)
def test_the_end_that_passes_through_finally_is_known(end: BaseException | None, reason: str) -> None:
    seen = ""
    with suppress(SystemExit, OSError):
        try:
            if end is not None:
                raise end
        finally:
            seen = reason_of_this_end()
    assert seen == reason
