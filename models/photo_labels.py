"""What a photo shows, as its operator says: by its file's name, or by the name of a folder it lies in."""

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from models.errors import PhotosMissing
from models.labels import Label

EXPECTED = (
    "name the files <wnid>_anything.jpeg (n02099601_7.jpeg), or put each class into a sub-folder that is named by its "
    "wnid (n02099601), its class name (golden_retriever), or <wnid>_anything"
)
_WNID = re.compile(r"n\d{8}(?![0-9a-z])")


class LabelledPhoto(NamedTuple):
    """*truth* is the index of its label, the column of the scores."""

    path: Path
    truth: int


class LabelledPhotos(NamedTuple):
    """*unknown* are photos whose label can't be told."""

    photos: tuple[LabelledPhoto, ...]
    unknown: tuple[Path, ...]


def label_photos(folder: Path, paths: Sequence[Path], labels: Sequence[Label]) -> LabelledPhotos:
    """Tell the label of each of *paths*, which lie below *folder*, and keep their order.

    Raises: PhotosMissing: none can be told; the message says how to name them.
    """
    ids = {label.id: index for index, label in enumerate(labels)}
    names = _class_names(labels)
    photos, unknown = [], []
    for path in paths:
        truth = _truth(path.relative_to(folder), ids, names)
        if truth is None:
            unknown.append(path)
        else:
            photos.append(LabelledPhoto(path, truth))
    if not photos:
        raise PhotosMissing(f"{folder}: none of {len(paths):,} photos tells its label; {EXPECTED}")
    return LabelledPhotos(tuple(photos), tuple(unknown))


def list_photos(folder: Path, file: Path, labels: Sequence[Label]) -> LabelledPhotos:
    """Return the photos that *file* lists, a line each: a path below *folder*, a tab, an id or a class name.

    What follows after another tab is not looked at (Tiny-ImageNet's boxes).
    Raises: PhotosMissing: it can't be read, lists what lies elsewhere, or none whose label can be told.
    """
    ids, names = {label.id: index for index, label in enumerate(labels)}, _class_names(labels)
    try:
        rows = [line.split("\t") for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise PhotosMissing(f"{file} can't be read: {error}") from error
    if outside := [row[0] for row in rows if Path(row[0]).is_absolute() or ".." in Path(row[0]).parts]:
        raise PhotosMissing(f"{file}: {outside[0]} is no path below {folder}")
    found = [(folder / row[0], ids.get(row[1], names.get(_plain(row[1]))) if len(row) > 1 else None) for row in rows]
    photos = tuple(LabelledPhoto(path, truth) for path, truth in found if truth is not None)
    if not photos:
        raise PhotosMissing(f"{file} lists no photo with a class that is known: path, tab, class")
    return LabelledPhotos(photos, tuple(path for path, truth in found if truth is None))


def spread_evenly(photos: Sequence[LabelledPhoto], limit: int) -> tuple[LabelledPhoto, ...]:
    """Return at most *limit* of *photos*, as many of each class as the others allow, in their order.

    Where not every class can have one more, those that get it are spread evenly over the classes.
    """
    classes: dict[int, list[LabelledPhoto]] = defaultdict(list)
    for photo in photos:
        classes[photo.truth].append(photo)
    chosen: list[LabelledPhoto] = []
    turn = 0
    while len(chosen) < min(limit, len(photos)):
        able = [members for _, members in sorted(classes.items()) if len(members) > turn]
        given = min(len(able), limit - len(chosen))
        chosen += [able[number * len(able) // given][turn] for number in range(given)]
        turn += 1
    return tuple(sorted(chosen))


def _truth(path: Path, ids: dict[str, int], names: dict[str, int]) -> int | None:
    """Return the index of a label: the file's own name first, then the nearest folder that tells one."""
    folders = [parent.name for parent in path.parents]
    for name in (path.stem, *folders):
        found = _WNID.match(name.lower())
        if found and found[0] in ids:
            return ids[found[0]]
        if name in folders and _plain(name) in names:
            return names[_plain(name)]
    return None


def _class_names(labels: Sequence[Label]) -> dict[str, int]:
    """Return the index of each class name that only one class has: `crane` is a bird and a machine."""
    names: dict[str, int] = {}
    twice = set()
    for index, label in enumerate(labels):
        name = _plain(label.name)
        if name in names:
            twice.add(name)
        names[name] = index
    return {name: index for name, index in names.items() if name not in twice}


def _plain(name: str) -> str:
    return name.lower().replace(" ", "_").replace("-", "_")
