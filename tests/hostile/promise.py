"""What `decode` promises for any bytes whatever; checked by Hypothesis and by atheris."""

import numpy as np

from preprocessing.decode import decode, prepare_pillow
from preprocessing.errors import ImageError

MAX_PIXELS = 1_000_000
FORMATS = ("jpeg", "png", "webp")


def prepare() -> None:
    """Once before `keep`."""
    prepare_pillow(MAX_PIXELS)


def keep(upload: bytes) -> None:
    """Decode it: an image within the limit, or an ImageError.  Raises: whatever else comes, warnings included."""
    for min_side in (None, 32):
        try:
            image = decode(upload, formats=FORMATS, max_pixels=MAX_PIXELS, min_side=min_side)
        except ImageError:
            continue
        assert image.dtype == np.uint8
        assert image.ndim == 3
        assert image.shape[2] == 3
        assert 0 < image.size <= 3 * MAX_PIXELS
