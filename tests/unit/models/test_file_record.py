"""How a file is known again."""

import os
from pathlib import Path

import pytest

from models import file_record
from models.file_record import FileRecord

SECOND_NS = 1_000_000_000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"weights")
    os.utime(path, ns=(7, 3 * SECOND_NS + 7))
    return path


@pytest.fixture
def unread(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> str:
        raise AssertionError("hashed")

    monkeypatch.setattr(file_record, "file_hash", read)


@pytest.mark.parametrize("kept", [3 * SECOND_NS + 7, 3 * SECOND_NS])
def test_a_layer_of_an_image_that_keeps_whole_seconds_is_not_hashed(
    path: Path, kept: int, request: pytest.FixtureRequest
) -> None:
    record = FileRecord.of(path)
    request.getfixturevalue("unread")
    os.utime(path, ns=(7, kept))
    assert record.matches(path)


@pytest.mark.parametrize("other", [2 * SECOND_NS, 3 * SECOND_NS + 8, 4 * SECOND_NS])
def test_any_other_time_is_settled_by_the_content(path: Path, other: int) -> None:
    record = FileRecord.of(path)
    os.utime(path, ns=(7, other))
    assert record.matches(path)
    path.write_bytes(b"weighty")
    os.utime(path, ns=(7, other))
    assert not record.matches(path)
