import numpy as np
import pytest
from PIL import Image, ImageOps

from preprocessing.decode import decode
from preprocessing.errors import CorruptImage, ImageError, TooManyPixels, TruncatedImage, UnsupportedFormat
from tests.pictures import corners, encode, photo_like, png_header

JPEG = encode(photo_like(300, 400), "JPEG", quality=90)
PNG = encode(corners(), "PNG")
HEIC = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00heicmif1" + b"\0" * 40


def test_a_png_is_decoded_pixel_for_pixel() -> None:
    assert (decode(PNG) == corners()).all()


def test_an_image_is_height_width_rgb_uint8() -> None:
    image = decode(JPEG)
    assert image.shape == (300, 400, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_comes_out_upright(orientation: int) -> None:
    undo = {1: (), 2: (0,), 3: (3,), 4: (1,), 5: (5,), 6: (2,), 7: (6,), 8: (4,)}[orientation]
    stored = Image.fromarray(corners())
    for method in undo:  # what a camera held that way would have stored
        stored = stored.transpose(Image.Transpose(method))
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = decode(encode(stored, "PNG", exif=exif))
    assert (upright == corners()).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_malformed_exif_block_leaves_the_pixels_as_they_are() -> None:
    upload = encode(photo_like(40, 60), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff\x01\x12\0\x03")
    assert decode(upload).shape == (40, 60, 3)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparency_is_laid_on_white(mode: str) -> None:
    rgba = np.zeros((4, 4, 4), np.uint8)
    rgba[:2, :, 3] = 255  # black above, transparent below
    upload = encode(Image.fromarray(rgba).convert(mode), "PNG")
    image = decode(upload)
    assert (image[:2] == 0).all()
    assert (image[2:] == 255).all()


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    grey = np.array([[0, 255, 256, 0x7FFF, 0xFFFF]], np.uint16)
    assert decode(encode(grey, "PNG"))[0, :, 1].tolist() == [0, 0, 1, 127, 255]


def test_cmyk_has_the_colours_that_pillow_converts_it_to() -> None:
    rgb = Image.fromarray(photo_like(40, 40))
    image = decode(encode(rgb.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(image.astype(int) - np.asarray(rgb)).mean() < 3


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(Image.new("1", (5, 3), 1), id="one bit"),
        pytest.param(Image.new("L", (5, 3), 200), id="grey"),
        pytest.param(Image.new("P", (5, 3), 7), id="palette"),
    ],
)
def test_every_other_mode_becomes_rgb(picture: Image.Image) -> None:
    assert (decode(encode(picture, "PNG")) == np.asarray(picture.convert("RGB"))).all()


def test_the_first_picture_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("red", "blue")]
    upload = encode(frames[0], "PNG", save_all=True, append_images=frames[1:])
    assert (decode(upload)[0, 0] == (255, 0, 0)).all()


def test_an_mpo_counts_as_jpeg_and_gives_its_first_picture() -> None:
    frames = [Image.fromarray(photo_like(40, 40, seed)) for seed in (1, 2)]
    upload = encode(frames[0], "MPO", save_all=True, append_images=frames[1:])
    near, far = (np.abs(decode(upload).astype(int) - photo_like(40, 40, seed)).mean() for seed in (1, 2))
    assert near < far / 5


def test_a_progressive_jpeg_is_read() -> None:
    assert decode(encode(photo_like(90, 80), "JPEG", progressive=True)).shape == (90, 80, 3)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 20_000), (20_000, 1)])
def test_extreme_shapes_are_read(height: int, width: int) -> None:
    assert decode(encode(np.zeros((height, width, 3), np.uint8), "PNG")).shape == (height, width, 3)


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


def test_webp_is_read_where_it_is_allowed() -> None:
    upload = encode(corners(), "WEBP", lossless=True)
    assert (decode(upload, formats=("webp",)) == corners()).all()


def test_pixels_are_counted_before_they_are_decoded() -> None:
    # A header without pixels: whoever decoded it would find it truncated.
    with pytest.raises(TooManyPixels):
        decode(png_header(100, 100), max_pixels=9_999)
    with pytest.raises(ImageError) as found:
        decode(png_header(100, 100), max_pixels=10_000)
    assert not isinstance(found.value, TooManyPixels)
