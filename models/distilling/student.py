"""A network of the catalog, narrower and smaller, for other classes. Imports Keras."""

import inspect
from typing import Any

import keras

from models.architecture import Architecture
from models.errors import PrepareError

_MOMENTUM = 0.99  # of batch statistics: Keras's 0.999 follows a short course only at its end


def logits_of(architecture: Architecture, classes: int, size: int, alpha: float | None) -> Any:
    """Return the untrained network for (N, size, size, 3) -> logits (N, classes).

    Raises: PrepareError: it has no width to choose, or can't be made so small.
    """
    make = getattr(keras.applications, architecture.keras.keras_class)
    width = {} if alpha is None else {"alpha": alpha}
    if width and "alpha" not in inspect.signature(make).parameters:
        raise PrepareError(f"{architecture.name} comes in one width: leave --alpha out")
    try:
        network = make(weights=None, input_shape=(size, size, 3), classes=classes, classifier_activation=None, **width)
    except ValueError as error:
        raise PrepareError(f"{architecture.name} can't be made for {size} x {size} pixels: {error}") from error
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = _MOMENTUM
    return network


def with_softmax(logits: Any) -> Any:
    """Return the network with probabilities for logits."""
    return keras.Model(logits.input, keras.layers.Softmax()(logits.output))
