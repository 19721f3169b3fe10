"""upload -> small JPEG: for people, who look rather than read."""

import io

from PIL import Image

from preprocessing.decode import decode

_QUALITY = 75  # at this size a good compromise; some 6 KB


def thumbnail(upload: bytes, *, formats: tuple[str, ...], max_pixels: int, side: int) -> bytes:
    """Return the picture as the eye sees it, encoded as JPEG, at most *side* pixels a side.

    Raises: ImageError: the upload is at fault.
    """
    picture = Image.fromarray(decode(upload, formats=formats, max_pixels=max_pixels, min_side=side))
    picture.thumbnail((side, side))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
