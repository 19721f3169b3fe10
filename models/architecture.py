"""What is known of a network before it is prepared: facts only."""

import hashlib
from dataclasses import dataclass

from models.labels import Label, imagenet_labels
from preprocessing.spec import InputSpec


@dataclass(frozen=True, slots=True)
class KerasSource:
    """Where Keras has it: the class in `keras.applications` and the module of its `preprocess_input`.

    *file_name*, *url*, *digest* are of the ImageNet weights that Keras publishes: MD5, SHA-256 where it has 64 digits;
    no *digest*: it publishes none.
    *second_rescaling*: those weights belong to a graph that `weights=None` does not build (tensorflow#49930).
    """

    keras_class: str
    module: str
    file_name: str
    url: str
    digest: str | None
    second_rescaling: bool = False


@dataclass(frozen=True, slots=True)
class Taught:
    """What a student of ours is worth: shares of *images* held-out photos, by which its best epoch was chosen.

    The *teacher*'s are its answers among the student's classes.
    """

    teacher: str
    images: int
    top1: float
    top3: float
    teacher_top1: float
    teacher_top3: float


@dataclass(frozen=True, slots=True)
class Architecture:
    """One network. *top1* and *top5*: its published accuracy on ImageNet's validation set, in percent, where there is
    one. *source* None: it is the operator's own; its *parameters* may be unknown. *own_labels*: its classes, where they
    are not ImageNet's. *taught*: where it was distilled here.
    """

    name: str
    title: str
    input: InputSpec
    parameters: int | None
    top1: float | None = None
    top5: float | None = None
    source: KerasSource | None = None
    own_labels: tuple[Label, ...] = ()
    taught: Taught | None = None

    @property
    def keras(self) -> KerasSource:
        """Where Keras has it.  Raises: ValueError: it is the operator's own."""
        if self.source is None:
            raise ValueError(f"{self.name} is none of Keras's")
        return self.source

    @property
    def labels(self) -> tuple[Label, ...]:
        """Its classes; index i belongs to column i of the scores."""
        return self.own_labels or imagenet_labels()

    @property
    def labels_sha256(self) -> str:
        """The hash of its classes' ids: a name that is spelled anew makes no model another."""
        return hashlib.sha256("\n".join(label.id for label in self.labels).encode()).hexdigest()
