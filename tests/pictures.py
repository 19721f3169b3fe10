"""Encoded images for tests, made on the spot."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def corners(height: int = 40, width: int = 60) -> NDArray[np.uint8]:
    """An RGB image whose four corners differ, so that every flip and turn shows: red, green / blue, white."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2] = (255, 0, 0)
    image[: height // 2, width // 2 :] = (0, 255, 0)
    image[height // 2 :, : width // 2] = (0, 0, 255)
    image[height // 2 :, width // 2 :] = (255, 255, 255)
    return image


def encode(picture: Image.Image | NDArray[Any], kind: str, **options: Any) -> bytes:
    """Encode with Pillow."""
    if not isinstance(picture, Image.Image):
        picture = Image.fromarray(picture)
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def photo_like(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth colourful image: what JPEG and resizing are made for."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    """One chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(ihdr: bytes, *chunks: bytes) -> bytes:
    """A PNG of parts that may be wrong, with an end."""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + b"".join(chunks) + chunk(b"IEND")


def ihdr(width: int, height: int, depth: int = 8, colour: int = 0, interlace: int = 0) -> bytes:
    """What a PNG says of itself; *colour* 0 grey, 2 RGB, 3 palette, 4 grey with alpha, 6 RGBA."""
    return struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)


def png_header(width: int, height: int) -> bytes:
    """A PNG that announces width x height grey pixels and holds none."""
    return png(ihdr(width, height), chunk(b"IDAT", zlib.compress(b"\0" * 64)))


def multipart(*uploads: bytes, **fields: str | list[str]) -> dict[str, Any]:
    """A form with *uploads* as `file`, named 0.jpg, 1.jpg ..., as arguments of a test client's post.

    The client itself would spool a large one to disk.
    """
    parts = [(f'name="file"; filename="{number}.jpg"', upload) for number, upload in enumerate(uploads)]
    for name, values in fields.items():
        parts += [(f'name="{name}"', value.encode()) for value in ([values] if isinstance(values, str) else values)]
    body = b"".join(
        f"--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
        for head, content in parts
    )
    return {"data": body + b"--edge--\r\n", "content_type": "multipart/form-data; boundary=edge"}
