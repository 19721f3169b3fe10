"""upload -> image: bytes to RGB uint8 (height, width, 3). Only here and in `flatten` is Pillow's (width, height)."""

import io
import struct
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from PIL import ExifTags, Image

from preprocessing.errors import CorruptImage, ImageError, TooManyPixels, TruncatedImage
from preprocessing.flatten import RgbImage, flatten
from preprocessing.parts import count_scans
from preprocessing.sniff import sniff

__all__ = ["HEAVY_PIXELS", "RgbImage", "decode", "prepare_pillow"]

# Pixels from which a decode is *heavy*: above what phones take (12 megapixels); below, it takes 190 MB at most.
HEAVY_PIXELS = 16_000_000

# Where each format says that it is complete; looked for in the last bytes (cameras append some of their own).
_END_MARKS = {"jpeg": b"\xff\xd9", "png": b"IEND", "webp": b""}
_TAIL_BYTES = 4096

# What Pillow's JPEG and PNG readers raise on hostile bytes, as far as fuzzing has found.
_PILLOW_ERRORS = (
    OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, EOFError, OverflowError,
    AttributeError, AssertionError, struct.error, zlib.error,
)  # fmt: skip


def prepare_pillow(max_pixels: int) -> None:
    """Set Pillow's process-wide state: load the readers now, and let its own bomb check back ours up.

    Called once a process, before it serves, so that no first request imports under threads. Pillow's remarks about
    strange metadata are silenced: a hostile file would write one line of log for each of its tags.
    """
    Image.preinit()
    Image.MAX_IMAGE_PIXELS = max_pixels
    warnings.filterwarnings("ignore", module=r"PIL\.")
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def decode(
    upload: bytes,
    *,
    formats: tuple[str, ...] = ("jpeg", "png"),
    max_pixels: int = 64_000_000,
    min_side: int | None = None,
    heavy: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> RgbImage:
    """Return the picture as the eye sees it: RGB uint8 (height, width, 3), upright, on white.

    The first picture of a file with several. *max_pixels* is judged from the header, before any pixel is decoded.
    With *min_side* (pixels) the image may be 1/2, 1/4, 1/8 ... of its size, never below that in either side. A JPEG is
    then decoded so, 3.5 times faster for a 12-megapixel photo; others are averaged while they are converted. Either
    way it is 0.3 to 0.7 grey levels away after resizing (FACTS, ADR 8). *heavy* is entered around a decode of more than
    HEAVY_PIXELS, which takes up to 12 bytes a pixel; so a caller can bound how many run at once.

    Raises: ImageError: the upload is at fault.
    """
    kind = sniff(upload, formats)
    with _faults_named(upload, kind, max_pixels):
        scans = count_scans(upload, kind)
        picture = Image.open(io.BytesIO(upload), formats=(kind.upper(),))
        pixels = _count_pixels(picture, max_pixels)
        if min_side is not None and kind == "jpeg":
            picture.draft(None, (min_side, min_side))
        if scans == 1:  # else the coefficients of the whole picture are kept until the last scan
            pixels = picture.width * picture.height
    with heavy() if pixels > HEAVY_PIXELS else nullcontext(), _faults_named(upload, kind, max_pixels), picture:
        picture.load()
        return flatten(picture, _orientation(picture), _shrink(picture, min_side))


@contextmanager
def _faults_named(upload: bytes, kind: str, max_pixels: int) -> Iterator[None]:
    """Turn whatever Pillow raises within into what is wrong with the upload."""
    try:
        yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise TooManyPixels(f"The image has more than {max_pixels:,} pixels.") from None
    except MemoryError:
        raise TooManyPixels("The image is too large for the memory at hand.") from None
    except _PILLOW_ERRORS as error:
        raise _what_is_wrong(upload, kind, error) from error


def _count_pixels(picture: Image.Image, max_pixels: int) -> int:
    width, height = picture.size
    if width * height > max_pixels:
        raise TooManyPixels(f"The image is {width} x {height} pixels; at most {max_pixels:,} in all are accepted.")
    return width * height


def _orientation(picture: Image.Image) -> object:
    try:
        return picture.getexif().get(ExifTags.Base.Orientation, 1)
    except _PILLOW_ERRORS:
        return 1  # Malformed EXIF is common and says nothing about the pixels: take them as they are.


def _shrink(picture: Image.Image, min_side: int | None) -> int:
    """Return by how much it may be shrunk: a power of two, as by draft; others are twice as far away (measured)."""
    fits = 1 if min_side is None else max(1, min(picture.size) // min_side)
    return 1 << (fits.bit_length() - 1)


def _what_is_wrong(upload: bytes, kind: str, error: Exception) -> ImageError:
    if "truncated" in str(error).lower() or _END_MARKS[kind] not in upload[-_TAIL_BYTES:]:
        return TruncatedImage(f"The {kind.upper()} ends before the whole picture has been read.")
    return CorruptImage(f"The {kind.upper()} can't be decoded.")
