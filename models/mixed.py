"""Mixed precision: a float32 network made to compute in bfloat16, but for its softmax. Imports Keras."""

import keras

_PREPARING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.InputLayer)


def make_mixed(model: keras.Model) -> None:
    """Let every layer of *model* compute in bfloat16, in place; its weights stay float32, and so do what prepares the
    image and what gives the probabilities.

    bfloat16 and not float16: it reaches as far as float32, so that nothing overflows.
    """
    layers = list(_layers(model))
    last = max(index for index, layer in enumerate(layers) if layer.weights)  # the head; after it softmax, if apart
    for index, layer in enumerate(layers):
        in_float32 = index >= last or isinstance(layer, _PREPARING)
        layer.dtype_policy = "float32" if in_float32 else "mixed_bfloat16"


def _layers(model: keras.Model) -> "list[keras.Layer]":
    """Return the layers that compute, those of models inside of it included, in their order."""
    inner = [_layers(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for each in inner for layer in each]
