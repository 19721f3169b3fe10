"""The pictures that are sent, made once: noise of several scales, which compresses as badly as a photo does."""

from pathlib import Path
from typing import NamedTuple

from PIL import Image

from bench.places import CACHE, PHOTOS
from models.gate import MIN_PHOTOS
from models.known_answers import generated_images


class Picture(NamedTuple):
    """One picture: *name* is its file's, height and width in pixels, *options* of Pillow's encoder."""

    name: str
    height: int
    width: int
    options: tuple[tuple[str, int | bool], ...] = ()

    @property
    def path(self) -> Path:
        """Where it lies."""
        return CACHE / self.name

    def described(self) -> str:
        """Return its kind and size in words."""
        kind = "progressive JPEG" if ("progressive", True) in self.options else self.path.suffix[1:].upper()
        return f"{self.name}: {kind}, {self.width} x {self.height}, {self.path.stat().st_size / 1000:,.0f} KB"


USUAL = Picture("usual.jpg", 375, 500, (("quality", 95),))  # 175 KB: FACTS has one of 176
PHONE = Picture("phone.jpg", 3000, 4000, (("quality", 50),))  # 2.8 MB, as in FACTS
PROGRESSIVE = Picture("progressive.jpg", 3000, 4000, (("quality", 50), ("progressive", True)))
PNG = Picture("picture.png", 375, 500)
PICTURES = (USUAL, PHONE, PROGRESSIVE, PNG)


def make(picture: Picture, seed: int = 1) -> None:
    """Write the picture, if it is not there."""
    if not picture.path.exists():
        pixels = generated_images(1, picture.height, picture.width, seed=seed)[0]
        part = picture.path.with_stem(picture.path.stem + ".part")
        Image.fromarray(pixels).save(part, format=None, **dict(picture.options))
        part.replace(picture.path)


def make_photos() -> None:
    """Write as many small ones as `models prepare --images` asks for, if they are not there."""
    PHOTOS.mkdir(exist_ok=True)
    for number in range(MIN_PHOTOS):
        make(Picture(f"{PHOTOS.name}/{number:03}.jpg", 256, 256, (("quality", 95),)), seed=number)
