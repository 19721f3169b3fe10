"""Photos as a student meets them: small pictures, their labels and what the teacher said of each. Made once, kept.

images.npy    (N, side, side, 3) uint8 RGB: the centre square of each photo, a margin wider than the student's input
teacher.npy   (N, classes) float16: the logarithms of the teacher's probabilities
truths.npy    (N,) int32: the column of the label
held_out.npy  (N,) bool: whether it is kept for validation
lessons.json  what they were made from; written last
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from models.labels import Label

RECORD_FILE = "lessons.json"
_HELD_OUT = 20  # one of so many photos is never learnt from


class Record(BaseModel):
    """What lessons were made from: another record, other lessons. *labels*: the student's classes, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    teacher: str
    teacher_version: str
    side: int
    photos: str  # a hash of their names, sizes and labels
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """The arrays, mapped from their files."""

    record: Record
    images: NDArray[np.uint8]
    teacher: NDArray[np.float16]
    truths: NDArray[np.int32]
    held_out: NDArray[np.bool_]

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises: OSError, ValueError: not there, or not whole."""
        record = Record.model_validate_json((folder / RECORD_FILE).read_bytes())
        truths, held_out = (np.load(folder / f"{name}.npy") for name in ("truths", "held_out"))
        images, teacher = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("images", "teacher"))
        return cls(record, images[: len(truths)], teacher[: len(truths)], truths, held_out)


def is_held_out(name: str) -> bool:
    """Say whether the photo of that name is for validation: by a hash, so that it stays so whatever is added."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % _HELD_OUT == 0
