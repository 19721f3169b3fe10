"""A file that others replace while it is in use."""

import os
from pathlib import Path

import pytest

from access.errors import BadFile
from access.watched_file import WatchedFile


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def parse(text: bytes) -> str:
    if text == b"broken":
        raise ValueError("it makes no sense")
    return text.decode()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("one")
    return tmp_path / "file"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def watched(path: Path, clock: Clock) -> WatchedFile[str]:
    return WatchedFile(path, parse, "nothing", clock)


def test_a_change_is_seen_a_second_later_and_not_looked_for_sooner(
    watched: WatchedFile[str], path: Path, clock: Clock
) -> None:
    assert watched.current() == "one"
    path.write_text("three")
    clock.now = 0.9
    assert watched.current() == "one"
    clock.now = 1.0
    assert watched.current() == "three"


def test_a_file_that_was_replaced_by_one_of_the_same_size_and_time_is_read_too(
    watched: WatchedFile[str], path: Path, clock: Clock
) -> None:
    watched.current()
    times = path.stat().st_atime_ns, path.stat().st_mtime_ns
    other = path.with_name("other")
    other.write_text("two")
    os.utime(other, ns=times)
    other.rename(path)
    clock.now = 1
    assert watched.current() == "two"


def test_a_broken_file_leaves_the_last_good_content_and_is_logged_once(
    watched: WatchedFile[str], path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    watched.current()
    path.write_text("broken")
    for clock.now in (1, 2, 3):
        assert watched.current() == "one"
    path.unlink()
    for clock.now in (4, 5, 6):
        assert watched.current() == "one"
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [
        f"{path}: it makes no sense; the last good content stays in use",
        f"{path}: No such file or directory; the last good content stays in use",
    ]
    path.write_text("mended")
    clock.now = 7
    assert watched.current() == "mended"


def test_where_nothing_was_ever_good_it_is_empty(watched: WatchedFile[str], path: Path, clock: Clock) -> None:
    path.write_text("broken")
    assert watched.current() == "nothing"
    path.write_text("good at last")
    clock.now = 1
    assert watched.current() == "good at last"


def test_a_file_that_goes_twice_is_logged_twice_though_it_came_back_as_it_was(
    watched: WatchedFile[str], path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    watched.current()
    away = path.with_name("away")
    for clock.now in range(1, 9):
        here, there = (path, away) if clock.now % 2 else (away, path)
        here.rename(there)
        assert watched.current() == "one"
    assert [record.levelname for record in caplog.records].count("ERROR") == 4


def test_loading_says_what_is_wrong_and_where(watched: WatchedFile[str], path: Path) -> None:
    path.write_text("broken")
    with pytest.raises(BadFile, match=r"/file: it makes no sense"):
        watched.load()
    path.unlink()
    with pytest.raises(BadFile, match=r"/file: No such file"):
        watched.load()
    os.mkfifo(path)  # nobody writes to it
    for odd in (Path(os.devnull), path):
        with pytest.raises(BadFile, match="not a regular file"):
            WatchedFile(odd, parse, "").load()


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o644, False), (0o620, True), (0o602, True)])
def test_a_file_that_others_can_write_is_warned_of(
    watched: WatchedFile[str], path: Path, mode: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path.chmod(mode)
    watched.load()
    assert ("can be written by others" in caplog.text) is warned


def test_it_is_had_from_its_first_good_content_on(watched: WatchedFile[str], path: Path, clock: Clock) -> None:
    path.write_text("broken")
    assert not watched.is_had()
    path.write_text("good")
    clock.now = 1
    assert watched.is_had()
    path.unlink()
    clock.now = 2
    assert watched.is_had(), "the last one stays in use"
