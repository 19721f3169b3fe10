import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import numpy as np
import pytest
from PIL import Image, ImageOps

from preprocessing.decode import HEAVY_PIXELS, decode, prepare_pillow
from preprocessing.errors import CorruptImage, ImageError, TooManyPixels, TruncatedImage, UnsupportedFormat
from tests.pictures import chunk, corners, encode, photo_like, png_header

JPEG = encode(photo_like(300, 400), "JPEG", quality=90)
PNG = encode(corners(), "PNG")
PROGRESSIVE = encode(photo_like(90, 80), "JPEG", progressive=True)
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + b"\0" * 40


def test_a_png_is_decoded_pixel_for_pixel() -> None:
    assert (decode(PNG) == corners()).all()


def test_an_image_is_height_width_rgb_uint8() -> None:
    image = decode(JPEG)
    assert image.shape == (300, 400, 3)
    assert image.dtype == np.uint8


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_malformed_exif_block_leaves_the_pixels_as_they_are() -> None:
    upload = encode(photo_like(40, 60), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03")
    assert decode(upload).shape == (40, 60, 3)


def test_draft_never_goes_below_the_side_asked_for_and_keeps_the_content() -> None:
    big = encode(photo_like(1200, 1600), "JPEG", quality=95)
    small = decode(big, min_side=512)
    assert small.shape == (600, 800, 3)
    by_hand = ImageOps.fit(Image.fromarray(decode(big)), (800, 600))
    assert np.abs(small.astype(int) - np.asarray(by_hand)).mean() < 1.5


BAD_UPLOADS = [
    (b"", UnsupportedFormat, "empty"),
    (b"hello, I am no image", UnsupportedFormat, "no image"),
    (b"GIF89a" + b"\0" * 20, UnsupportedFormat, "GIF"),
    (HEIC, UnsupportedFormat, "Send it as JPEG"),
    (HEIC.replace(b"heic", b"avif"), UnsupportedFormat, "AVIF"),
    (b"RIFF\x10\0\0\0WEBPVP8 ", UnsupportedFormat, "WEBP"),
    (JPEG[: len(JPEG) // 2], TruncatedImage, "ends before"),
    (JPEG[:200], TruncatedImage, "ends before"),
    (PNG[: len(PNG) // 2], TruncatedImage, "ends before"),
    (PNG[:20], TruncatedImage, "ends before"),
    (JPEG[:2] + b"\xff" * 100 + b"\xff\xd9", CorruptImage, "can't be decoded"),
    (PNG[:41] + bytes(b ^ 0x55 for b in PNG[41:60]) + PNG[60:], CorruptImage, "can't be decoded"),
    (png_header(30_000, 30_000), TooManyPixels, "64,000,000"),
    (png_header(8_001, 8_000), TooManyPixels, "64,000,000"),
]


@pytest.mark.parametrize(("upload", "error", "says"), BAD_UPLOADS)
def test_a_bad_upload_is_refused_by_its_kind(upload: bytes, error: type[ImageError], says: str) -> None:
    with pytest.raises(error, match=says):
        decode(upload)


def test_pixels_are_counted_before_they_are_decoded() -> None:
    # A header without pixels: whoever decoded it would find it truncated.
    with pytest.raises(TooManyPixels):
        decode(png_header(100, 100), max_pixels=9_999)
    with pytest.raises(ImageError) as found:
        decode(png_header(100, 100), max_pixels=10_000)
    assert not isinstance(found.value, TooManyPixels)


def test_only_what_is_large_is_decoded_as_heavy() -> None:
    entered: list[bool] = []

    @contextmanager
    def heavy() -> Iterator[None]:
        entered.append(True)
        yield

    side = 4001
    large = np.zeros((side, side), np.uint8)
    assert side * side > HEAVY_PIXELS
    for upload in (PNG, JPEG, encode(large, "JPEG")):
        decode(upload, min_side=64, heavy=heavy)
    assert not entered, "a baseline JPEG is decoded small"
    for count, upload in enumerate((encode(large, "PNG"), encode(large, "JPEG", progressive=True)), 1):
        decode(upload, min_side=64, heavy=heavy)
        assert len(entered) == count


def test_what_heavy_raises_is_not_taken_for_a_fault_of_the_upload() -> None:
    def heavy() -> NoReturn:
        raise TimeoutError("no slot in time")

    with pytest.raises(TimeoutError):
        decode(encode(np.zeros((4001, 4001), np.uint8), "PNG"), heavy=heavy)


def test_a_small_picture_is_not_copied_once_more() -> None:
    assert not decode(JPEG).flags.owndata, "it is what Pillow gave"


SCAN = b"\xff\xda\0\x08\x01\x01\0\x3f\x3f\0"
TOO_MANY_PARTS = [
    pytest.param(JPEG[:2] + b"\xff\xfe\0\2" * 1001 + JPEG[2:], "segments", id="empty comments"),
    pytest.param(JPEG[:2] + b"\xff\xe1\0\x09Exif\0\0x" * 1001 + JPEG[2:], "segments", id="EXIF in crumbs"),
    pytest.param(PNG[:33] + chunk(b"prVt") * 1001 + PNG[33:], "chunks", id="private chunks"),
    pytest.param(PROGRESSIVE[:-2] + SCAN * 50 + PROGRESSIVE[-2:], "scans", id="scans"),
]


@pytest.mark.parametrize(("upload", "says"), TOO_MANY_PARTS)
def test_a_file_of_more_parts_than_any_real_one_is_refused_unread(upload: bytes, says: str) -> None:
    with pytest.raises(CorruptImage, match=says):
        decode(upload)


@pytest.mark.parametrize("junk", [b"\xff\xda" * 100, b"PK\3\4" * 1000])
def test_what_follows_a_picture_counts_for_nothing(junk: bytes) -> None:
    assert decode(PROGRESSIVE + junk).shape == (90, 80, 3)
    assert decode(PNG + junk).shape == corners().shape


def test_every_tag_of_strange_metadata_passes_in_silence() -> None:
    """Warnings are errors here; the service would write a line of log for each."""
    prepare_pillow(64_000_000)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\2" + struct.pack(">HHLL", 270, 2, 1 << 31, 8) * 2
    assert decode(encode(photo_like(40, 60), "JPEG", exif=exif)).shape == (40, 60, 3)
