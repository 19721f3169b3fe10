"""What can be wrong with an upload.

Raised by `decode`, each with a stable `code`; only `web/errors.py` knows which HTTP status belongs to it.
"""

from typing import ClassVar


class ImageError(Exception):
    """The upload is at fault. `str(error)` says how, in words for the caller."""

    code: ClassVar[str] = "corrupt_image"


class UnsupportedFormat(ImageError):
    """The bytes are no image of an allowed format, whatever the file's name says."""

    code = "unsupported_format"


class CorruptImage(ImageError):
    """The bytes begin like an image and can't be decoded."""


class TruncatedImage(ImageError):
    """The image ends before its last pixel."""

    code = "truncated_image"


class TooManyPixels(ImageError):
    """The header announces more pixels than the limit; nothing was decoded."""

    code = "too_many_pixels"
