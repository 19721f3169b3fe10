"""Labelled photos -> what every contestant answered to each. A photo is read once and gone before the next."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from models.answers import Answers
from models.contestants import Member, contestants
from models.engine import Engine, Scores
from models.errors import EngineError
from models.photo_labels import LabelledPhoto
from models.photo_tensors import PhotoTensors
from models.road import UploadLimits
from preprocessing.errors import ImageError
from preprocessing.spec import Resize

UNREADABLE = "unreadable"  # the file system's fault; what a decoder refuses has the code of its ImageError


class FailedPhoto(NamedTuple):
    """A photo that no contestant saw; *code* says what is wrong with it."""

    path: Path
    code: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """*photos* are those that were counted: photo i is row i of each of *answers*."""

    photos: tuple[LabelledPhoto, ...]
    answers: tuple[Answers, ...]
    failed: tuple[FailedPhoto, ...]


class Evaluator:
    """Runs the same photos through every network, alone and in ensembles, with every resize."""

    def __init__(
        self, engines: Mapping[Member, Engine], resizes: Sequence[Resize], limits: UploadLimits, threads: int
    ) -> None:
        """*threads*: what an inference may use."""
        self._engines = engines
        self._answers = [
            Answers(contestant, resize) for contestant in contestants(tuple(engines)) for resize in resizes
        ]
        self._resizes = tuple(resizes)
        self._limits = limits
        self._threads = threads

    def run(self, photos: Iterable[LabelledPhoto]) -> Evaluation:
        """Classify *photos*, one at a time; those that can't be decoded are set aside for all contestants alike.

        Raises: EngineError: a runtime failed.
        """
        counted, failed = [], []
        for number, photo in enumerate(photos):
            try:
                tensors = self._tensors(photo.path)
            except ImageError as error:
                failed.append(FailedPhoto(photo.path, error.code))
            except OSError:
                failed.append(FailedPhoto(photo.path, UNREADABLE))
            else:
                self._classify(tensors, number)
                counted.append(photo)
        return Evaluation(tuple(counted), tuple(self._answers), tuple(failed))

    def _tensors(self, path: Path) -> PhotoTensors:
        specs = (member.spec for member in self._engines)
        return PhotoTensors(path.read_bytes(), self._limits, specs, self._resizes)

    def _classify(self, tensors: PhotoTensors, number: int) -> None:
        # A network's first run finds the weights of the one before in the caches (MobileNetV2: 0.5 ms of 6.8), so its
        # resizes run one after the other, and take turns to be the first.
        turn = number % len(self._resizes)
        resizes = self._resizes[turn:] + self._resizes[:turn]
        pairs = [(member, resize) for member in self._engines for resize in resizes]
        results = {(member, resize): self._infer(member, tensors, resize) for member, resize in pairs}
        for answers in self._answers:
            members, resize = answers.contestant.members, answers.resize
            given = [results[member, resize] for member in members]
            scores: Scores = np.stack([scores for scores, _ in given]).mean(axis=0)
            decode_s = tensors.seconds((member.spec for member in members), resize)
            answers.add(scores, decode_s, sum(seconds for _, seconds in given))

    def _infer(self, member: Member, tensors: PhotoTensors, resize: Resize) -> tuple[Scores, float]:
        """Return the scores (classes,) and the seconds they took."""
        batch = tensors.get(member.spec, resize)[np.newaxis]
        start = time.monotonic()
        scores = self._engines[member].run(batch, threads=self._threads)
        seconds = time.monotonic() - start
        if scores.shape != (1, member.classes) or not np.isfinite(scores).all():
            raise EngineError(f"{member.name} {member.precision} gave scores of shape {scores.shape}, or not finite")
        row: Scores = scores[0]
        return row, seconds
