"""What a distillation is asked to do. Facts only: no runtime, no folder."""

import hashlib
from dataclasses import asdict, dataclass

from models.catalog import CATALOG
from preprocessing.spec import Normalisation

OURS = "resnet10"  # a student that is none of the catalog
STUDENT_FILE = "student.keras"  # what a course leaves


@dataclass(frozen=True, slots=True)
class Course:
    """How a student is taught.

    *student*: `OURS` or a name of the catalog; *alpha*: its width, where it has one; *size*: pixels a side.
    *temperature* softens both answers, and *hard* is the share of the labels in the loss, the teacher's is the rest
    (Hinton, Vinyals, Dean 2015, arXiv:1503.02531). *batch*: images a step. *rate*: the highest learning rate, met
    after *warm_up* epochs and brought to 0 by a cosine. *smallest_crop*: the least share of a picture's area that is
    learnt from. *patience*: epochs without a better one, after which it ends early. *mixed*: compute in bfloat16, which
    some processors and GPUs do faster; weights and what is left at the end are float32.
    """

    student: str
    alpha: float | None
    size: int
    epochs: int
    temperature: float = 2.0
    hard: float = 0.5
    batch: int = 128
    rate: float = 0.1
    warm_up: float = 1.0
    weight_decay: float = 1e-4
    smallest_crop: float = 0.5
    patience: int = 8
    mixed: bool = False
    seed: int = 1

    def key(self) -> str:
        """Return eight hex digits that another course does not have: checkpoints of one are no other's."""
        return hashlib.sha256(repr(sorted(asdict(self).items())).encode()).hexdigest()[:8]


def normalisation_of(student: str) -> Normalisation:
    """Return what a student wants of an image."""
    return Normalisation.TF if student == OURS else CATALOG[student].input.normalisation
