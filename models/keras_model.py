"""Build a Keras Applications network and give it its weights. Imports TensorFlow: never imported by a LiteRT worker."""

from pathlib import Path

import keras

from models.catalog import Architecture
from models.errors import PrepareError


def build(architecture: Architecture, weights: Path | None) -> keras.Model:
    """Return the network for (N, height, width, 3) float32 -> (N, classes) softmax; untrained where *weights* is None.

    Raises: PrepareError: the file does not fit the network.
    """
    model = getattr(keras.applications, architecture.keras_class)(
        weights=None, input_shape=(architecture.input.height, architecture.input.width, 3)
    )
    if weights is not None:
        try:
            model.load_weights(weights)
        except (ValueError, OSError, KeyError) as error:
            raise PrepareError(f"{weights} holds no weights for {architecture.name}: {error}") from error
    return model
