"""scores -> predictions: ranking and nothing else."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.labels import Label


class Prediction(NamedTuple):
    """One label with its softmax probability in [0, 1]."""

    id: str
    name: str
    prob: float


def top_k(scores: NDArray[np.float32], labels: Sequence[Label], k: int) -> tuple[Prediction, ...]:
    """Return the *k* likeliest labels of one row of scores (classes,), best first; all of them where k is larger."""
    return tuple(Prediction(labels[i].id, labels[i].name, float(scores[i])) for i in rank(scores, k))


def rank(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """Return the indices of the *k* largest of scores (classes,), best first; all of them where k is larger.

    Equal scores keep the order of the labels.
    """
    k = min(k, len(scores))
    candidates = np.flatnonzero(scores >= np.partition(scores, -k)[-k])
    best: NDArray[np.intp] = candidates[np.argsort(-scores[candidates], kind="stable")][:k]
    return best
