"""How right a student is, beside its teacher."""

import numpy as np
from numpy.typing import NDArray

from models.architecture import Taught
from models.distilling.lessons import Lessons


def worth(lessons: Lessons, top1: float, top3: float) -> Taught:
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
