"""Small good images of many kinds, for fuzzers to damage."""

from functools import cache

import numpy as np
from PIL import Image

from tests.hostile.jpegs import BASELINE, PROGRESSIVE
from tests.hostile.pngs import ANIMATED, PLAIN
from tests.pictures import encode, photo_like


@cache
def seeds() -> tuple[bytes, ...]:
    """Return them; some hundred bytes to a few thousand each."""
    picture = Image.fromarray(photo_like(40, 56))
    modes = [encode(picture.convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGBA")]
    deep = encode(np.arange(40, dtype=np.uint16).reshape(5, 8) * 1600, "PNG")
    inks = encode(picture.convert("CMYK"), "JPEG")
    pair = encode(picture, "MPO", save_all=True, append_images=[picture])
    webps = [encode(picture, "WEBP", **options) for options in ({}, {"lossless": True})]
    film = encode(picture, "WEBP", save_all=True, append_images=[Image.fromarray(photo_like(40, 56, 1))])
    grey = encode(picture.convert("L"), "JPEG")
    return (BASELINE, PROGRESSIVE, PLAIN, ANIMATED, *modes, deep, inks, pair, grey, *webps, film)
