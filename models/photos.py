"""The photos of a folder that an operator names: to calibrate on, to judge by, to evaluate with."""

from pathlib import Path

from models.errors import PhotosMissing

_SUFFIXES = (".jpeg", ".jpg", ".png", ".webp")


def find_photos(folder: Path) -> tuple[Path, ...]:
    """Return every photo below *folder*, sorted by path; extensions in any case, hidden files left out.

    Raises: PhotosMissing: there is no such folder, or no photo in it.
    """
    if not folder.is_dir():
        raise PhotosMissing(f"{folder} is no folder")
    found = (path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES)
    photos = tuple(sorted(path for path in found if not path.name.startswith(".") and path.is_file()))
    if not photos:
        raise PhotosMissing(f"{folder} holds no photo ({', '.join(_SUFFIXES)})")
    return photos
