"""Build a Keras Applications network and give it its weights. Imports TensorFlow: never imported by a LiteRT worker."""

from math import sqrt
from pathlib import Path
from typing import Any

import keras

from models.architecture import Architecture
from models.errors import PrepareError

_DEVIATIONS = (0.229, 0.224, 0.225)  # of ImageNet's RGB, values from 0 to 1


def graph(architecture: Architecture) -> keras.Model:
    """Return the untrained network as Keras's published weights want it."""
    shape = (architecture.input.height, architecture.input.width, 3)
    model = getattr(keras.applications, architecture.keras.keras_class)(weights=None, input_shape=shape)
    return _rescaled_again(model) if architecture.keras.second_rescaling else model


def _rescaled_again(model: keras.Model) -> keras.Model:
    """Return EfficientNet as `weights="imagenet"` builds it, with a second Rescaling (tensorflow#49930).

    Its authors divided by the variance where Normalization divides by the deviation; `weights=None` leaves that out.
    """

    def call(layer: Any, *arguments: Any, **options: Any) -> Any:
        out = layer(*arguments, **options)
        if isinstance(layer, keras.layers.Normalization):
            out = keras.layers.Rescaling([1 / sqrt(deviation) for deviation in _DEVIATIONS])(out)
        return out

    return keras.models.clone_model(model, call_function=call)


def load_file(file: Path) -> keras.Model:
    """Return a whole model of `.keras` or `.h5`.  Raises: PrepareError: it can't be read."""
    try:
        return keras.models.load_model(file, compile=False)  # in safe mode: no code comes with a file
    except (ValueError, OSError, KeyError, TypeError) as error:
        raise PrepareError(f"{file} is no model of Keras that can be read here: {error}") from error


def build(architecture: Architecture, weights: Path | None) -> keras.Model:
    """Return the network for (N, height, width, 3) float32 -> (N, classes) softmax; untrained where *weights* is None.

    Raises: PrepareError: the file does not fit the network.
    """
    if architecture.source is None and weights is not None:
        return load_file(weights)
    model = graph(architecture)
    if weights is not None:
        try:
            model.load_weights(weights)
        except (ValueError, OSError, KeyError) as error:
            raise PrepareError(f"{weights} holds no weights for {architecture.name}: {error}") from error
    return model
