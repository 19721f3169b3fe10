"""Photos as a student meets them: small pictures, their labels and what the teacher said of each. Made once, kept.

images.npy    (N, side, side, 3) uint8 RGB: the centre square of each photo, a margin wider than the student's input
teacher.npy   (N, classes) float16: the logarithms of the teacher's probabilities
truths.npy    (N,) int32: the column of the label
held_out.npy  (N,) bool: whether it is kept for validation
lessons.json  what they were made from; written last
begun.npz     while they are made: from what, and how far that is
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from models.labels import Label

RECORD_FILE, _BEGUN_FILE = "lessons.json", "begun.npz"
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


class Unfinished:
    """Lessons that are being made in *folder*, of *count* photos: anew, or gone on with where *record* is the same.

    *side*: pixels of each square; *seen*: photos that were looked at; *truths*: of those that could be read.
    """

    def __init__(self, folder: Path, record: Record, count: int) -> None:
        self._folder, self._record = folder, record
        (folder / RECORD_FILE).unlink(missing_ok=True)  # from here on they are not whole
        self.side, self.seen = record.side, 0
        self.truths: list[int] = []
        self._held_out: list[bool] = []
        shapes = {"images": (count, self.side, self.side, 3), "teacher": (count, len(record.labels))}
        mode: Literal["r+", "w+"] = "r+" if self._goes_on() else "w+"
        open_ = np.lib.format.open_memmap
        self._images = open_(folder / "images.npy", mode=mode, dtype=np.uint8, shape=shapes["images"])
        self._teacher = open_(folder / "teacher.npy", mode=mode, dtype=np.float16, shape=shapes["teacher"])

    def _goes_on(self) -> bool:
        try:
            with np.load(self._folder / _BEGUN_FILE, allow_pickle=False) as begun:
                if str(begun["record"]) != self._record.model_dump_json():
                    return False
                self.seen = int(begun["seen"])
                self.truths, self._held_out = begun["truths"].tolist(), begun["held_out"].tolist()
        except (OSError, ValueError, KeyError, BadZipFile):
            return False
        return True

    def add(self, name: str, truth: int, image: NDArray[np.uint8], teacher: NDArray[np.float32]) -> None:
        """Add the photo *name*: its square (side, side, 3) and the teacher's logarithms (classes,)."""
        self._images[len(self.truths)], self._teacher[len(self.truths)] = image, teacher
        self.truths.append(truth)
        self._held_out.append(is_held_out(name))

    def keep(self, seen: int) -> None:
        """Note that *seen* photos were looked at, so that a process that is killed has not worked in vain."""
        self._flush()
        part = self._folder / f"part-{_BEGUN_FILE}"
        record = self._record.model_dump_json()
        np.savez(part, record=record, seen=seen, truths=self.truths, held_out=self._held_out)
        part.replace(self._folder / _BEGUN_FILE)

    def finish(self) -> None:
        """Write what makes them whole."""
        self._flush()
        np.save(self._folder / "truths.npy", np.array(self.truths, np.int32))
        np.save(self._folder / "held_out.npy", np.array(self._held_out, np.bool_))
        (self._folder / RECORD_FILE).write_text(self._record.model_dump_json(indent=2), encoding="utf-8")
        (self._folder / _BEGUN_FILE).unlink(missing_ok=True)

    def _flush(self) -> None:
        self._images.flush()
        self._teacher.flush()
