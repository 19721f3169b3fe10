"""Where a student is taught: a teacher's lessons, the courses on them, and what those leave.

CACHE_DIR/distilled/<name>/lessons/       see `lessons`
CACHE_DIR/distilled/<name>/<course key>/  checkpoint, history.csv, curves.png, student.keras
"""

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.architecture import Taught
from models.child import Step, run_in_child
from models.distilling.course import Course
from models.distilling.lessons import Lessons, Record
from models.errors import ModelError, PrepareError
from models.labels import Label
from models.manifest import Precision, WeightsKind
from models.photo_labels import LabelledPhoto
from models.prepared import PreparedModels
from models.served import VERSION_DIGITS, read_manifest
from preprocessing.transform import CROP_SHARE


class School:
    """One teacher and one folder; long work is done in children."""

    def __init__(self, prepared: PreparedModels, teacher: str, home: Path, step: Step, cores: int) -> None:
        """Raises: ModelError: the teacher is not prepared, or knows nothing."""
        try:
            self._folder = prepared.folder(teacher)
            self._manifest = read_manifest(self._folder)
        except ModelError as error:
            raise PrepareError(f"{teacher}: {error}") from error
        if self._manifest.weights.kind is WeightsKind.RANDOM:
            raise PrepareError(f"{teacher} has random weights: it has nothing to teach")
        self._home, self._step, self._cores = home, step, cores

    @property
    def teacher_labels(self) -> tuple[Label, ...]:
        """The classes that can be taught."""
        return self._manifest.architecture().labels

    def lessons(self, folder: Path, photos: Sequence[LabelledPhoto], size: int) -> tuple[Lessons, int]:
        """Return the lessons of *photos*, which lie below *folder*, and how many could not be read (0: made before).

        Raises: PrepareError: there is one class only, or nothing that can be read.
        """
        columns = sorted({photo.truth for photo in photos})
        if len(columns) < 2:
            raise PrepareError("the photos show one class only: there is nothing to tell apart")
        record = self._record(folder, photos, columns, size)
        target = self._home / "lessons"
        try:
            lessons = Lessons.read(target)
        except (OSError, ValueError):
            lessons = None
        if lessons and lessons.record == record:
            return lessons, 0
        target.mkdir(parents=True, exist_ok=True)
        place = {column: index for index, column in enumerate(columns)}
        unread = run_in_child(
            "models.distilling.teach",
            "teach",
            target / "teach.log",
            self._step,
            record=record.model_dump_json(indent=2),
            photos=[(str(path), str(path.relative_to(folder)), place[truth]) for path, truth in photos],
            artifact=str(self._folder / Precision.FLOAT32.file),
            spec=self._manifest.architecture().input,
            teacher_classes=self._manifest.classes,
            columns=columns,
            cores=self._cores,
            folder=str(target),
        )
        return Lessons.read(target), unread

    def _record(self, folder: Path, photos: Sequence[LabelledPhoto], columns: Sequence[int], size: int) -> Record:
        lines = sorted(f"{path.relative_to(folder)} {path.stat().st_size} {truth}" for path, truth in photos)
        labels = self.teacher_labels
        return Record(
            teacher=self._manifest.name,
            teacher_version=self._manifest.artifacts[Precision.FLOAT32].record.sha256[:VERSION_DIGITS],
            side=math.ceil(size / CROP_SHARE),
            photos=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            labels=tuple(labels[column] for column in columns),
        )

    def teach(self, course: Course, lessons: Lessons) -> tuple[Path, int, Taught]:
        """Return the folder of a course that is done, or done now, the student's parameters and how well it learnt."""
        made_from = hashlib.sha256(lessons.record.model_dump_json().encode()).hexdigest()[:8]
        folder = self._home / f"{course.key()}-{made_from}"
        folder.mkdir(exist_ok=True)
        parameters, top1, top3 = run_in_child(
            "models.distilling.train",
            "train",
            folder / "train.log",
            self._step,
            course=course,
            lessons=str(self._home / "lessons"),
            folder=str(folder),
        )
        return folder, parameters, _taught(lessons, top1, top3)


def _taught(lessons: Lessons, top1: float, top3: float) -> Taught:
    """Return how well the student does on the held-out photos, beside its teacher."""
    teacher, truths = lessons.teacher[lessons.held_out], lessons.truths[lessons.held_out]
    return Taught(
        teacher=lessons.record.teacher,
        images=len(truths),
        top1=round(top1, 4),
        top3=round(top3, 4),
        teacher_top1=_right(teacher, truths, 1),
        teacher_top3=_right(teacher, truths, 3),
    )


def _right(scores: NDArray[np.float16], truths: NDArray[np.int32], k: int) -> float:
    likeliest = np.argsort(-scores.astype(np.float32), axis=1, kind="stable")[:, :k]
    return round(float((likeliest == truths[:, np.newaxis]).any(axis=1).mean()), 4)
