"""Lessons -> a trained student. Goes on where it was cut off, after the last whole epoch. Imports Keras: a child."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from models.child import Step
from models.distilling.batches import Batches
from models.distilling.course import STUDENT_FILE, Course, normalisation_of
from models.distilling.history import HISTORY_FILE, WATCHED, Epoch, best_epoch, read_history
from models.distilling.lessons import Lessons
from models.distilling.loss import MixedLoss, top1, top3
from models.distilling.student import logits_of, with_softmax

_BEST_FILE = "best.weights.h5"


def train(step: Step, *, course: Course, lessons: str, folder: str) -> tuple[int, float, float]:
    """Teach a student by *course*; leave it as `student.keras` in *folder*, with softmax, and its `history.csv`.

    Return how many parameters it has, and its top-1 and top-3 shares of the held-out photos.
    """
    read, out = Lessons.read(Path(lessons)), Path(folder)
    keras.utils.set_random_seed(course.seed)
    rows, normalisation = np.arange(len(read.truths)), normalisation_of(course.student)
    learnt = Batches(
        read, rows[~read.held_out], course.size, normalisation, course.batch,
        smallest_crop=course.smallest_crop, seed=course.seed,
    )  # fmt: skip
    held_out = Batches(read, rows[read.held_out], course.size, normalisation, course.batch)
    if not _is_over(course, read_history(out)):
        _fit(step, course, learnt, held_out, out)
    return _best(course, held_out, out)


def _is_over(course: Course, history: Sequence[Epoch]) -> bool:
    return bool(history) and (len(history) >= course.epochs or _since_best(history) >= course.patience)


def _since_best(history: Sequence[Epoch]) -> int:
    return history[-1].epoch - best_epoch(history).epoch if history else 0


def _fit(step: Step, course: Course, learnt: Batches, held_out: Batches, out: Path) -> None:
    """Train until the course is over; after each epoch the best weights, its line of the history, the checkpoint."""
    keras.config.set_dtype_policy("mixed_bfloat16" if course.mixed else "float32")
    student = logits_of(course.student, learnt.classes, course.size, course.alpha)
    student.compile(_optimiser(course, len(learnt)), MixedLoss(course.temperature, course.hard), metrics=[top1, top3])
    earlier = read_history(out)
    so_far = best_epoch(earlier).val_top1 if earlier else 0.0
    student.fit(
        learnt,
        validation_data=held_out,
        epochs=course.epochs,
        shuffle=False,  # the batches are: each epoch's, always alike
        verbose=0,
        callbacks=[
            _Best(out / _BEST_FILE, so_far),
            keras.callbacks.CSVLogger(out / HISTORY_FILE, append=True),
            keras.callbacks.BackupAndRestore(out / "checkpoint", double_checkpoint=True, delete_checkpoint=False),
            _Patience(course.patience, so_far, _since_best(earlier)),
            _Told(step, learnt, course.epochs, so_far),
        ],
    )


def _best(course: Course, held_out: Batches, out: Path) -> tuple[int, float, float]:
    """Save the student as it was after its best epoch, in float32; measure that."""
    keras.config.set_dtype_policy("float32")
    student = logits_of(course.student, held_out.classes, course.size, course.alpha)
    student.load_weights(out / _BEST_FILE)
    student.compile(metrics=[top1, top3], loss=MixedLoss(course.temperature, course.hard))
    measured = student.evaluate(held_out, verbose=0, return_dict=True)
    with_softmax(student).save(out / STUDENT_FILE)
    return int(student.count_params()), float(measured["top1"]), float(measured["top3"])


def _optimiser(course: Course, steps: int) -> Any:
    warm_up = round(course.warm_up * steps)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, max(1, course.epochs * steps - warm_up), warmup_target=course.rate, warmup_steps=warm_up
    )
    # After 370 steps on Tiny-ImageNet the loss is 4.1 with this, 4.3 to 4.4 with AdamW at 1e-3 and 2e-3.
    optimiser = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, weight_decay=course.weight_decay)
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    return optimiser


class _Best(keras.callbacks.Callback):  # type: ignore[misc]  # Keras is not typed
    """Keeps the weights of the best epoch, whole whatever happens meanwhile."""

    def __init__(self, file: Path, so_far: float) -> None:
        super().__init__()
        self._file, self._so_far = file, so_far

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        if logs[WATCHED] > self._so_far or not self._file.exists():
            self._so_far = logs[WATCHED]
            part = self._file.with_name(f"part-{self._file.name}")
            self.model.save_weights(part)
            part.replace(self._file)


class _Patience(keras.callbacks.EarlyStopping):  # type: ignore[misc]
    """Counts the epochs before a cut-off too."""

    def __init__(self, patience: int, so_far: float, waited: int) -> None:
        super().__init__(WATCHED, patience=patience, mode="max", baseline=so_far)
        self._waited = waited

    def on_train_begin(self, logs: object = None) -> None:
        super().on_train_begin(logs)
        self.wait = self._waited
        if self.baseline:  # what comes after a cut-off is held against what was before
            self.best = self.baseline


class _Told(keras.callbacks.Callback):  # type: ignore[misc]
    """Tells a person where training is, and the batches which epoch begins."""

    def __init__(self, step: Step, learnt: Batches, epochs: int, best: float) -> None:
        super().__init__()
        self._step, self._learnt, self._epochs, self._best = step, learnt, epochs, best
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: object = None) -> None:
        self._epoch = epoch
        self._learnt.begin(epoch)

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        if batch % 10 == 0:
            done = (self._epoch + (batch + 1) / len(self._learnt)) / self._epochs
            self._step(f"epoch {self._epoch + 1} of {self._epochs}, best top-1 so far {self._best:.1%}", done)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._best = max(self._best, (logs or {}).get(WATCHED, 0.0))
