"""What a student is to be right about: the labels, and the teacher's softened answer. Imports Keras.

Geoffrey Hinton, Oriol Vinyals, Jeff Dean: Distilling the Knowledge in a Neural Network, 2015, arXiv:1503.02531.
Targets are (N, 1 + classes): the label's column, then the logarithms of the teacher's probabilities.
"""

from typing import Any

import keras
from keras import ops


class MixedLoss(keras.losses.Loss):  # type: ignore[misc]  # Keras is not typed
    """hard * H(label, student) + (1 - hard) * T^2 * KL(teacher at T || student at T), of logits (N, classes)."""

    def __init__(self, temperature: float, hard: float) -> None:
        super().__init__(name="mixed")
        self._temperature, self._hard = temperature, hard

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Return the loss of each image (N,)."""
        labels = keras.losses.sparse_categorical_crossentropy(y_true[:, 0], y_pred, from_logits=True)
        teacher = ops.log_softmax(y_true[:, 1:] / self._temperature)
        student = ops.log_softmax(y_pred / self._temperature)
        divergence = ops.sum(ops.exp(teacher) * (teacher - student), axis=-1)
        return self._hard * labels + (1 - self._hard) * self._temperature**2 * divergence


def top1(y_true: Any, y_pred: Any) -> Any:
    """Return 1 for each image whose label is the likeliest (N,)."""
    return keras.metrics.sparse_categorical_accuracy(y_true[:, :1], y_pred)


def top3(y_true: Any, y_pred: Any) -> Any:
    """Return 1 for each image whose label is among the three likeliest (N,)."""
    return keras.metrics.sparse_top_k_categorical_accuracy(y_true[:, 0], y_pred, k=3)
