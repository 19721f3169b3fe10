"""A golden test for each kind of image that the contract names. What is expected is known without decoding anything.

Lossless kinds are compared pixel for pixel; JPEG within TOLERANCE grey levels, in patches of one colour that its blocks
of 8 and 16 pixels do not cross.
"""

import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from preprocessing.decode import RgbImage, decode
from preprocessing.spec import InputSpec, Normalisation, Resize
from preprocessing.transform import min_decode_side, transform
from tests.pictures import chunk, corners, encode, ihdr, photo_like, png

TOLERANCE = 4
CORNERS = corners(64, 96)


def patches(*colours: tuple[int, ...]) -> NDArray[np.uint8]:
    """Squares of 32 x 32 pixels side by side, one of each colour."""
    return np.repeat(np.repeat(np.array([colours], np.uint8), 32, axis=0), 32, axis=1)


def difference(image: RgbImage, expected: NDArray[Any]) -> int:
    assert image.shape == expected.shape
    assert image.dtype == np.uint8
    return int(np.abs(image.astype(int) - expected).max())


@pytest.mark.parametrize(("kind", "tolerance"), [("PNG", 0), ("JPEG", TOLERANCE)])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int, kind: str, tolerance: int) -> None:
    undo = {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}[orientation]
    stored = Image.fromarray(CORNERS)
    for method in undo:  # what a camera held that way would have stored
        stored = stored.transpose(Image.Transpose(method))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if kind == "JPEG" else {}
    upload = encode(stored, kind, exif=exif, **options)
    assert difference(decode(upload), CORNERS) <= tolerance
    assert difference(decode(upload, min_side=32), CORNERS[::2, ::2]) <= tolerance


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_picture_of_many_strips_is_put_together_upright(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = photo_like(2100, 1300)
    upright = decode(encode(stored, "PNG", exif=exif, compress_level=1))
    assert (upright == np.rot90(stored, {3: 2, 6: -1}[orientation])).all()


INKS = patches((0, 0, 0, 0), (255, 0, 0, 0), (0, 255, 0, 0), (0, 0, 255, 0), (0, 0, 0, 255), (255, 255, 0, 0))
INKS_SEEN = patches((255, 255, 255), (0, 255, 255), (255, 0, 255), (255, 255, 0), (0, 0, 0), (0, 0, 255))


def adobe_ycck(inks: NDArray[np.uint8]) -> bytes:
    """A JPEG as Photoshop writes it: inks inverted, the three colours as YCbCr, Adobe's transform 2."""
    colours = np.asarray(Image.fromarray(inks[:, :, :3]).convert("YCbCr"))
    stored = np.concatenate([255 - colours, inks[:, :, 3:]], axis=2)  # Pillow's encoder inverts all four
    upload = bytearray(encode(Image.fromarray(stored, "CMYK"), "JPEG", quality=95, subsampling=0))
    upload[upload.index(b"Adobe") + 11] = 2
    return bytes(upload)


def test_cmyk_has_the_colours_of_its_inks() -> None:
    upload = encode(Image.fromarray(INKS, "CMYK"), "JPEG", quality=95, subsampling=0)
    assert difference(decode(upload), INKS_SEEN) <= TOLERANCE


def test_ycck_has_the_colours_of_its_inks() -> None:
    assert difference(decode(adobe_ycck(INKS)), INKS_SEEN) <= TOLERANCE


def rows(*lines: bytes) -> bytes:
    """The pixels of a PNG, unfiltered."""
    return chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in lines)))


def adam7(image: RgbImage) -> bytes:
    """An interlaced PNG, which Pillow reads but does not write."""
    height, width = image.shape[:2]
    passes = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
    lines = [
        b"\0" + line.tobytes()
        for top, left, down, right in passes
        for line in image[top::down, left::right]
        if line.size
    ]
    return png(ihdr(width, height, colour=2, interlace=1), chunk(b"IDAT", zlib.compress(b"".join(lines))))


def test_an_interlaced_png_is_read() -> None:
    assert difference(decode(adam7(photo_like(21, 34))), photo_like(21, 34)) == 0


RED, HALF_BLACK = (255, 0, 0), (127, 127, 127)
# 100 at 128 / 255 on white: 255 - 155 * 128 / 255 = 177.2
PNG_KINDS = [
    ("grey", png(ihdr(3, 1), rows(b"\0\x80\xff")), [(0,) * 3, (128,) * 3, (255,) * 3]),
    ("one bit", png(ihdr(3, 1, depth=1), rows(b"\xa0")), [(255,) * 3, (0,) * 3, (255,) * 3]),
    ("two bits", png(ihdr(4, 1, depth=2), rows(b"\x1b")), [(0,) * 3, (85,) * 3, (170,) * 3, (255,) * 3]),
    ("16-bit grey", png(ihdr(4, 1, depth=16), rows(b"\0\xff\1\0\x7f\xff\xff\xff")),
     [(0,) * 3, (1,) * 3, (127,) * 3, (255,) * 3]),
    ("16-bit grey, one shade transparent", png(ihdr(2, 1, depth=16), chunk(b"tRNS", b"\1\0"), rows(b"\1\0\1\1")),
     [(255,) * 3, (1,) * 3]),
    ("16-bit RGB", png(ihdr(1, 1, depth=16, colour=2), rows(b"\xff\xff\x80\0\0\1")), [(255, 128, 0)]),
    ("grey with alpha", png(ihdr(3, 1, colour=4), rows(b"\x64\xff\x64\x80\x64\0")),
     [(100,) * 3, (177,) * 3, (255,) * 3]),
    ("16-bit grey with alpha", png(ihdr(1, 1, depth=16, colour=4), rows(b"\x64\0\x80\0")), [(177,) * 3]),
    ("RGBA", png(ihdr(3, 1, colour=6), rows(b"\xff\0\0\xff\0\0\0\x80\0\0\xff\0")),
     [RED, HALF_BLACK, (255,) * 3]),
    ("palette", png(ihdr(2, 1, colour=3), chunk(b"PLTE", b"\0\0\0\xff\0\0"), rows(b"\1\0")), [RED, (0,) * 3]),
    ("palette with transparency",
     png(ihdr(3, 1, colour=3), chunk(b"PLTE", b"\0\0\0" * 2 + b"\xff\0\0"), chunk(b"tRNS", b"\0\x80"), rows(b"\0\1\2")),
     [(255,) * 3, HALF_BLACK, RED]),
    ("palette, one colour transparent",
     png(ihdr(2, 1, colour=3), chunk(b"PLTE", b"\xff\0\0\0\0\0"), chunk(b"tRNS", b"\xff\0"), rows(b"\0\1")),
     [RED, (255,) * 3]),
    ("RGB, one colour transparent",
     png(ihdr(2, 1, colour=2), chunk(b"tRNS", b"\0\1\0\2\0\3"), rows(b"\1\2\3\1\2\4")), [(255,) * 3, (1, 2, 4)]),
    ("grey, one shade transparent", png(ihdr(2, 1), chunk(b"tRNS", b"\0\7"), rows(b"\7\x08")), [(255,) * 3, (8,) * 3]),
]  # fmt: skip


@pytest.mark.parametrize(("upload", "expected"), [pytest.param(*kind[1:], id=kind[0]) for kind in PNG_KINDS])
def test_every_kind_of_png_has_its_colours_on_white(upload: bytes, expected: list[tuple[int, ...]]) -> None:
    assert decode(upload)[0].tolist() == [list(colour) for colour in expected]


def test_transparency_is_laid_on_white_before_pixels_are_averaged() -> None:
    rgba = np.zeros((512, 512, 4), np.uint8)
    rgba[:, ::2] = (255, 0, 0, 0)  # transparent red between columns of opaque black
    rgba[:, 1::2, 3] = 255
    image = decode(encode(rgba, "PNG"), min_side=256)
    assert image.shape == (256, 256, 3)
    assert (np.abs(image.astype(int) - 127) <= 1).all()


@pytest.mark.parametrize("subsampling", [0, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_is_read_baseline_and_progressive(progressive: bool, subsampling: int) -> None:
    upload = encode(CORNERS, "JPEG", quality=95, progressive=progressive, subsampling=subsampling)
    inside = np.ix_(np.r_[:31, 33:64], np.r_[:47, 49:96])  # half of the colours: they are mixed where two meet
    assert difference(decode(upload)[inside], CORNERS[inside]) <= TOLERANCE


def test_a_grey_jpeg_is_read() -> None:
    grey = patches((0,), (90,), (255,))[:, :, 0]
    assert difference(decode(encode(grey, "JPEG")), np.repeat(grey[:, :, np.newaxis], 3, axis=2)) <= TOLERANCE


@pytest.mark.parametrize(("kind", "formats"), [("PNG", ("png",)), ("WEBP", ("webp",))])
def test_the_first_picture_of_an_animation_is_taken(kind: str, formats: tuple[str, ...]) -> None:
    frames = [Image.fromarray(CORNERS), Image.new("RGB", (96, 64), "blue")]
    upload = encode(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    assert difference(decode(upload, formats=formats), CORNERS) == 0


def test_an_mpo_counts_as_jpeg_and_gives_its_first_picture() -> None:
    frames = [Image.fromarray(CORNERS), Image.new("RGB", (96, 64), "black")]
    upload = encode(frames[0], "MPO", save_all=True, append_images=frames[1:], quality=95, subsampling=0)
    assert b"MPF\0" in upload
    assert difference(decode(upload), CORNERS) <= TOLERANCE


def test_webp_is_read_where_it_is_allowed() -> None:
    assert difference(decode(encode(CORNERS, "WEBP", lossless=True), formats=("webp",)), CORNERS) == 0


@pytest.mark.parametrize(("kind", "tolerance"), [("PNG", 0), ("JPEG", TOLERANCE)])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 20_000), (20_000, 1)])
def test_extreme_shapes_are_read(height: int, width: int, kind: str, tolerance: int) -> None:
    image = np.full((height, width, 3), (10, 200, 60), np.uint8)
    for min_side in (None, 512):
        assert difference(decode(encode(image, kind), min_side=min_side), image) <= tolerance


@pytest.mark.parametrize("resize", [Resize.CROP, Resize.SQUASH])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_a_picture_that_is_shrunk_while_it_is_decoded_gives_the_same_tensor(mode: str, resize: Resize) -> None:
    spec = InputSpec(224, 224, Normalisation.CAFFE)  # in grey levels
    upload = encode(Image.fromarray(photo_like(2500, 1700)).convert(mode), "PNG", compress_level=1)
    small = decode(upload, min_side=min_decode_side(spec, resize))
    assert small.shape == (1250, 850, 3)
    away = np.abs(transform(small, spec, resize) - transform(decode(upload), spec, resize))
    assert away.mean() < 0.5
    assert away.max() < 4
