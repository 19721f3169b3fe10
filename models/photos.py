"""The photos of a folder that an operator names: to calibrate on, to judge by, to evaluate with."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from models.errors import PhotosMissing
from models.judgement import PhotoSet
from preprocessing.decode import decode
from preprocessing.errors import ImageError
from preprocessing.sniff import FORMATS
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import Tensor, min_decode_side, transform

_SUFFIXES = (".jpeg", ".jpg", ".png", ".webp")
_CALIBRATION = 100  # enough for stable scales (100 to 500 by LiteRT's documentation)
_HELD_OUT = 4  # of so many photos at most one calibrates: the others judge


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


def photo_set(photos: Sequence[Path]) -> PhotoSet:
    """Return what is remembered of *photos*: a hash of their names and sizes, wherever they lie."""
    lines = sorted(f"{path.name} {path.stat().st_size}" for path in photos)
    return PhotoSet(count=len(photos), sha256=hashlib.sha256("\n".join(lines).encode()).hexdigest())


def for_calibration(photos: Sequence[Path]) -> Sequence[Path]:
    """Return some of *photos*, spread evenly; never more than a quarter, so that the others can judge the result."""
    return photos[:: max(_HELD_OUT, len(photos) // _CALIBRATION)]


def decoded(photos: Iterable[Path], spec: InputSpec) -> Iterator[tuple[Path, Tensor]]:
    """Yield each photo with its tensor (h, w, 3) as the service makes it by default; what is no image is left out."""
    for path in photos:
        try:
            image = decode(path.read_bytes(), formats=FORMATS, min_side=min_decode_side(spec, Resize.CROP))
        except (ImageError, OSError):
            continue
        yield path, transform(image, spec, Resize.CROP)
