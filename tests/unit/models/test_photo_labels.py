"""What a photo shows, by its name or its folder's."""

from pathlib import Path

import pytest

from models.errors import PhotosMissing
from models.labels import imagenet_labels
from models.photo_labels import LabelledPhoto, label_photos, list_photos, spread_evenly

DIR = Path("/photos")
TENCH, GOLDEN, CURLY = 0, 207, 206


@pytest.mark.parametrize(
    ("path", "truth"),
    [
        ("n02099601_7.JPEG", GOLDEN),
        ("n02099601_golden_retriever.webp", GOLDEN),
        ("N02099601-x.png", GOLDEN),
        ("n02099601.jpg", GOLDEN),
        ("n02099601/ILSVRC2012_val_00000293.JPEG", GOLDEN),
        ("golden_retriever/1.jpg", GOLDEN),
        ("Golden Retriever/1.jpg", GOLDEN),
        ("curly-coated_retriever/1.jpg", CURLY),
        ("n02099601_dogs/1.jpg", GOLDEN),
        ("n02099601-dogs/1.jpg", GOLDEN),
        ("golden_retriever/monday/1.jpg", GOLDEN),
        ("tench/n02099601_7.jpg", GOLDEN),  # the file's own name says more
        ("tench/n99999999_7.jpg", TENCH),  # which is no class of ours
    ],
)
def test_a_label_is_told(path: str, truth: int) -> None:
    labelled = label_photos(DIR, [DIR / path], imagenet_labels())
    assert labelled.photos == (LabelledPhoto(DIR / path, truth),)


@pytest.mark.parametrize(
    "path",
    [
        "1.jpg",
        "golden_retriever.jpg",  # a class name counts for folders only: a file may be called anything
        "crane/1.jpg",  # the bird or the machine
        "n020996011_7.jpg",
        "n02099601a_7.jpg",
        "n00000001_7.jpg",
        "dogs/1.jpg",
    ],
)
def test_what_can_not_be_told_is_named_and_not_dropped(path: str) -> None:
    known = DIR / "n02099601_7.jpg"
    labelled = label_photos(DIR, [DIR / path, known], imagenet_labels())
    assert (labelled.unknown, [photo.path for photo in labelled.photos]) == ((DIR / path,), [known])


def test_a_folder_where_nothing_can_be_told_says_what_was_expected() -> None:
    with pytest.raises(PhotosMissing, match=r"none of 2 photos tells its label; name the files <wnid>_"):
        label_photos(DIR, [DIR / "1.jpg", DIR / "2.jpg"], imagenet_labels())


def photos(*counts: int) -> list[LabelledPhoto]:
    """As many photos of classes 0, 1, 2 ... as *counts* says."""
    return [LabelledPhoto(Path(f"{c}/{n}"), c) for c, count in enumerate(counts) for n in range(count)]


@pytest.mark.parametrize(
    ("counts", "limit", "expected"),
    [
        ((3, 3, 3), 3, (1, 1, 1)),
        ((5, 1, 5), 5, (2, 1, 2)),
        ((1, 1, 1, 1), 2, (1, 0, 1, 0)),
        ((2, 2), 9, (2, 2)),
        ((0, 4), 3, (0, 3)),
    ],
)
def test_a_limit_is_spread_evenly_over_the_classes(
    counts: tuple[int, ...], limit: int, expected: tuple[int, ...]
) -> None:
    chosen = spread_evenly(photos(*counts), limit)
    assert tuple(sum(photo.truth == c for photo in chosen) for c in range(len(counts))) == expected
    assert len(set(chosen)) == len(chosen)


def test_a_list_tells_the_labels_of_the_photos_it_names(tmp_path: Path) -> None:
    """Tiny-ImageNet's `val_annotations.txt` has boxes after them."""
    file = tmp_path / "list.tsv"
    file.write_text("a.jpeg\tn02099601\t0\t32\t44\t62\nsub/b.jpeg\tGolden Retriever\nc.jpeg\tno such class\n\nd.jpeg\n")
    found = list_photos(DIR, file, imagenet_labels())
    assert found.photos == (LabelledPhoto(DIR / "a.jpeg", 207), LabelledPhoto(DIR / "sub/b.jpeg", 207))
    assert found.unknown == (DIR / "c.jpeg", DIR / "d.jpeg")


@pytest.mark.parametrize("content", [None, b"", b"a.jpeg\tno such class\n", b"\xff\xfe\x00"])
def test_a_list_that_tells_nothing_is_refused(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "list.tsv").write_bytes(content)
    with pytest.raises(PhotosMissing, match=r"list\.tsv"):
        list_photos(DIR, tmp_path / "list.tsv", imagenet_labels())
