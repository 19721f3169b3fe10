"""Which files of a folder are photos."""

from pathlib import Path

import pytest

from models.catalog import CATALOG
from models.errors import PhotosMissing
from models.photos import decoded, find_photos, for_calibration, photo_set
from tests.pictures import encode, photo_like


def test_photos_are_found_in_sub_folders_with_extensions_in_any_case(tmp_path: Path) -> None:
    for name in ("b/2.JPEG", "a/1.jpg", "3.Png", "notes.txt", ".hidden.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [path.name for path in find_photos(tmp_path)] == ["3.Png", "1.jpg", "2.JPEG"]


def test_a_folder_that_is_not_there_and_one_without_photos_are_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "absent"):
        with pytest.raises(PhotosMissing, match=str(folder)):
            find_photos(folder)


def test_the_same_photos_are_known_again_wherever_they_lie(tmp_path: Path) -> None:
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        for name in ("a.jpg", "b.jpg"):
            (tmp_path / folder / name).write_bytes(b"x" * 10)
    here, there = (find_photos(tmp_path / folder) for folder in ("here", "there"))
    assert photo_set(here) == photo_set(there)
    (tmp_path / "there/b.jpg").write_bytes(b"x" * 11)
    assert photo_set(here) != photo_set(there)


@pytest.mark.parametrize(("count", "chosen"), [(200, 50), (400, 100), (1000, 100), (5000, 100), (4, 1)])
def test_a_quarter_at_most_calibrates_and_no_more_than_are_needed(count: int, chosen: int) -> None:
    assert len(for_calibration([Path(str(i)) for i in range(count)])) == chosen


def test_what_is_no_image_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.jpg").write_bytes(b"no image")
    gone = tmp_path / "a.jpg"
    (tmp_path / "good.png").write_bytes(encode(photo_like(300, 300), "PNG"))
    ((path, tensor),) = decoded((gone, *find_photos(tmp_path)), CATALOG["vgg16"].input)
    assert path.name == "good.png"
    assert tensor.shape == (224, 224, 3)
