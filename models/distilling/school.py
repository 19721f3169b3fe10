"""Where a student is taught: a teacher's lessons, the courses on them, and what those leave.

CACHE_DIR/distilled/<name>/lessons/                      see `lessons`
CACHE_DIR/distilled/<name>/<course key>-<lessons' key>/  checkpoint, history.csv, curves.png, student.keras
"""

import hashlib
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from models.architecture import Taught
from models.child import Step, run_in_child
from models.distilling.course import Course
from models.distilling.lessons import Lessons, Record, is_held_out
from models.distilling.worth import worth
from models.errors import ModelError, PrepareError
from models.labels import Label
from models.machine import locked
from models.manifest import Precision, WeightsKind
from models.photo_labels import LabelledPhoto
from models.prepared import PreparedModels
from models.served import VERSION_DIGITS, read_manifest
from preprocessing.transform import CROP_SHARE


class Graduate(NamedTuple):
    """What a course left in *folder*, and what it is worth."""

    folder: Path
    parameters: int
    taught: Taught


class School:
    """One teacher and one folder; long work is done in children."""

    def __init__(self, prepared: PreparedModels, teacher: str, home: Path, step: Step, cores: int) -> None:
        """Raises: ModelError: the teacher is not prepared, or knows nothing."""
        if teacher not in prepared.names:
            raise PrepareError(f"{teacher} is not in MODELS; MODELS is {','.join(prepared.names)}")
        try:
            self._folder = prepared.folder(teacher)
            self._manifest = read_manifest(self._folder)
        except ModelError as error:
            raise PrepareError(f"{teacher}: {error}") from error
        if self._manifest.weights.kind is WeightsKind.RANDOM:
            raise PrepareError(f"{teacher} has random weights: it has nothing to teach")
        self._home, self._step, self._cores = home, step, cores
        self._lessons = home / "lessons"

    @property
    def teacher_labels(self) -> tuple[Label, ...]:
        """The classes that can be taught."""
        return self._manifest.architecture().labels

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who works in the folder.  Raises: PrepareError: another process does."""
        self._lessons.mkdir(parents=True, exist_ok=True)
        with locked(self._home / ".lock", os.O_RDWR | os.O_CREAT) as is_ours:
            if not is_ours:
                raise PrepareError(f"another process distils in {self._home}")
            yield

    def admit(self, course: Course, classes: int) -> None:
        """Raises: PrepareError: there can be no such student; told before a teacher has looked at anything."""
        log = self._home / "student.log"
        run_in_child("models.distilling.student", "can_be_made", log, self._step, course=course, classes=classes)

    def lessons(self, folder: Path, photos: Sequence[LabelledPhoto], size: int) -> tuple[Lessons, int]:
        """Return the lessons of *photos*, which lie below *folder*, and how many could not be read (0: made before).

        Raises: PrepareError: there are too few, they show one class only, or there is no room for what is kept of them.
        """
        columns = sorted({photo.truth for photo in photos})
        if len(columns) < 2:
            raise PrepareError("the photos show one class only: there is nothing to tell apart")
        names = [str(path.relative_to(folder)) for path, _ in photos]
        if not 0 < sum(map(is_held_out, names)) < len(names):
            raise PrepareError(
                f"{len(names)} photos are too few: a twentieth, chosen by name, is held out, and none was"
            )
        record = self._record(photos, names, columns, size)
        with_these = self._made_before(record)
        if with_these:
            return with_these, 0
        self._need_space(record, len(photos))
        place = {column: index for index, column in enumerate(columns)}
        unread = run_in_child(
            "models.distilling.teach",
            "teach",
            self._lessons / "teach.log",
            self._step,
            record=record.model_dump_json(),
            photos=[(str(path), name, place[truth]) for (path, truth), name in zip(photos, names, strict=True)],
            artifact=str(self._folder / Precision.FLOAT32.file),
            spec=self._manifest.architecture().input,
            teacher_classes=self._manifest.classes,
            columns=columns,
            cores=self._cores,
            folder=str(self._lessons),
        )
        return Lessons.read(self._lessons), unread

    def _made_before(self, record: Record) -> Lessons | None:
        try:
            found = Lessons.read(self._lessons)
        except (OSError, ValueError):
            return None
        return found if found.record == record else None

    def _need_space(self, record: Record, count: int) -> None:
        begun = (self._lessons / "images.npy", self._lessons / "teacher.npy")
        there = sum(512 * file.stat().st_blocks for file in begun if file.exists())
        needed = count * (3 * record.side**2 + 2 * len(record.labels)) - there
        free = shutil.disk_usage(self._home).free
        if free < needed:
            megabytes = f"{needed >> 20:,} MB free in {self._home}, and there are {free >> 20:,}"
            raise PrepareError(f"What is kept of {count:,} photos needs {megabytes}.")

    def _record(
        self, photos: Sequence[LabelledPhoto], names: Sequence[str], columns: Sequence[int], size: int
    ) -> Record:
        lines = [f"{name} {_size(path)} {truth}" for (path, truth), name in zip(photos, names, strict=True)]
        labels = self.teacher_labels
        return Record(
            teacher=self._manifest.name,
            teacher_version=self._manifest.artifacts[Precision.FLOAT32].record.sha256[:VERSION_DIGITS],
            side=math.ceil(size / CROP_SHARE),
            photos=hashlib.sha256("\n".join(lines).encode()).hexdigest(),
            labels=tuple(labels[column] for column in columns),
        )

    def teach(self, course: Course, lessons: Lessons) -> Graduate:
        """Return what a course left that is done, or done now."""
        made_from = hashlib.sha256(lessons.record.model_dump_json().encode()).hexdigest()[:8]
        folder = self._home / f"{course.key()}-{made_from}"
        folder.mkdir(exist_ok=True)
        parameters, top1, top3 = run_in_child(
            "models.distilling.train",
            "train",
            folder / "train.log",
            self._step,
            course=course,
            lessons=str(self._lessons),
            folder=str(folder),
        )
        return Graduate(folder, parameters, worth(lessons, top1, top3))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # it is listed, and not there: one of those that can't be read
        return 0
