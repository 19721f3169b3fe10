"""Lessons are whole or begun, and what was begun is gone on with where it is the same."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from models.distilling.lessons import Lessons, Record, Unfinished, is_held_out
from models.distilling.school import School
from models.errors import PrepareError
from models.labels import Label

RECORD = Record(teacher="t", teacher_version="1", side=4, photos="of summer", labels=(Label("a", "a"), Label("b", "b")))
OTHER = RECORD.model_copy(update={"photos": "of winter"})
COUNT = 5


def look(folder: Path, record: Record, until: int = COUNT) -> list[int]:
    """Look at the photos up to *until*, all but the second of which can be read; return those that were looked at."""
    lessons = Unfinished(folder, record, COUNT)
    seen = list(range(lessons.seen, until))
    for number in seen:
        lessons.keep(number)
        if number != 1:
            lessons.add(f"{number}.jpg", number % 2, np.full((4, 4, 3), number, np.uint8), np.full(2, -number, "f4"))
    if until == COUNT:
        lessons.finish()
    return seen


def test_what_was_kept_is_not_looked_at_again(tmp_path: Path) -> None:
    look(tmp_path, RECORD, 3)
    with pytest.raises(OSError, match="lessons"):
        Lessons.read(tmp_path)
    assert look(tmp_path, RECORD) == [2, 3, 4], "two were kept, of the third nobody knows"
    lessons = Lessons.read(tmp_path)
    assert lessons.record == RECORD
    assert lessons.images[:, 0, 0, 0].tolist() == [0, 2, 3, 4]
    assert lessons.teacher[:, 1].tolist() == [0, -2, -3, -4]
    assert lessons.truths.tolist() == [0, 0, 1, 0]
    assert lessons.held_out.tolist() == [is_held_out(f"{number}.jpg") for number in (0, 2, 3, 4)]


def test_others_in_their_place_are_made_anew_and_leave_nothing_that_passes_for_whole(tmp_path: Path) -> None:
    look(tmp_path, RECORD)
    assert look(tmp_path, OTHER, 3) == [0, 1, 2]
    with pytest.raises(OSError, match="lessons"):
        Lessons.read(tmp_path)
    assert look(tmp_path, RECORD) == list(range(COUNT))


def test_what_is_begun_and_damaged_is_begun_anew(tmp_path: Path) -> None:
    look(tmp_path, RECORD, 3)
    (tmp_path / "begun.npz").write_bytes(b"cut")
    assert look(tmp_path, RECORD) == list(range(COUNT))


def test_what_is_there_already_needs_no_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = 10_000
    needed = count * (3 * RECORD.side**2 + 2 * len(RECORD.labels))
    monkeypatch.setattr("models.distilling.school.shutil.disk_usage", lambda _: SimpleNamespace(free=needed // 2))
    at_school = SimpleNamespace(_lessons=tmp_path, _home=tmp_path)
    with pytest.raises(PrepareError, match="10,000 photos needs"):
        School._need_space(at_school, RECORD, count)  # type: ignore[arg-type]
    (tmp_path / "images.npy").write_bytes(bytes(needed * 3 // 4))
    School._need_space(at_school, RECORD, count)  # type: ignore[arg-type]
