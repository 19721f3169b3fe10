"""Which files of a folder are photos."""

from pathlib import Path

import pytest

from models.errors import PhotosMissing
from models.photos import find_photos


def test_photos_are_found_in_sub_folders_with_extensions_in_any_case(tmp_path: Path) -> None:
    for name in ("b/2.JPEG", "a/1.jpg", "3.Png", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos(tmp_path)] == ["3.Png", "1.jpg", "2.JPEG"]


def test_a_folder_that_is_not_there_and_one_without_photos_are_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(PhotosMissing, match=str(folder)):
            find_photos(folder)
