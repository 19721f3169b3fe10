"""What `decode` makes of every hostile file: an image, or the error that its kind of damage is to have."""

import time

import numpy as np
import pytest

from preprocessing.decode import decode, prepare_pillow
from preprocessing.errors import ImageError
from tests.hostile.file import OK, HostileFile
from tests.hostile.files import hostile_files

MOST_S = 5.0  # for any of them; the slowest takes some 2 s alone
MAX_PIXELS = 64_000_000


def outcome(upload: bytes, min_side: int | None) -> str:
    try:
        image = decode(upload, max_pixels=MAX_PIXELS, min_side=min_side)
    except ImageError as error:
        return error.code
    assert image.dtype == np.uint8
    assert image.ndim == 3
    assert image.shape[2] == 3
    return OK


@pytest.mark.parametrize("file", hostile_files(), ids=lambda file: file.name)
def test_a_hostile_file_is_read_or_refused_as_it_should(file: HostileFile) -> None:
    prepare_pillow(MAX_PIXELS)
    start = time.monotonic()
    assert outcome(file.content, 512) in file.outcomes
    assert time.monotonic() - start < MOST_S


def test_there_are_enough_of_them_and_no_two_are_alike() -> None:
    files = hostile_files()
    assert len(files) >= 200
    assert len({file.name for file in files}) == len(files)
    assert all(len(file.content) < 11 << 20 for file in files)
