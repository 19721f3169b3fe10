"""Small pictures for people."""

import io

import pytest
from PIL import Image

from preprocessing.errors import ImageError
from preprocessing.thumbnail import thumbnail
from tests.pictures import encode, photo_like


@pytest.mark.parametrize(("size", "expected"), [((400, 200), (32, 64)), ((20, 30), (20, 30))])
def test_a_thumbnail_keeps_the_shape_and_never_grows(size: tuple[int, int], expected: tuple[int, int]) -> None:
    small = thumbnail(encode(photo_like(*size), "JPEG"), formats=("jpeg",), max_pixels=10**6, side=64)
    with Image.open(io.BytesIO(small)) as picture:
        assert (picture.format, picture.mode) == ("JPEG", "RGB")
        assert {picture.height, picture.width} == set(expected)
        assert max(picture.size) <= 64


def test_what_is_no_photo_is_refused() -> None:
    with pytest.raises(ImageError):
        thumbnail(b"text", formats=("jpeg",), max_pixels=10**6, side=64)
