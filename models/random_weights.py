"""Seeded random weights that answer like a trained network: different images, different labels. Imports TensorFlow.

With Keras's default initialisation InceptionV3 answers 0.001 for every class whatever the image, so a parity test sees
no preprocessing bug (FACTS). Hence: He initialisation (He et al. 2015, arXiv:1502.01852), BatchNormalization
statistics from one pass over fixed images, and a head laid along the directions in which those images differ.
"""

import keras
import numpy as np

from models.architecture import Architecture
from models.engine import Scores
from models.known_answers import generated_images
from preprocessing.transform import normalise

SEED = 20_151_202
_IMAGES = 24
_MEDIAN_TOP1 = 0.5  # on the images themselves (FACTS: 0.2 to 0.9); 0.1 to 0.3 is left on others


def condition(model: keras.Model, architecture: Architecture) -> None:
    """Give every variable of *model* its seeded value, in place."""
    rng = np.random.default_rng(SEED)
    for layer in model.layers:
        for variable in layer.weights:
            if "kernel" in variable.name:
                variable.assign(_he(rng, variable.shape, depthwise=_is_depthwise(layer, variable.name)))
            elif type(layer).__name__ == "LayerScale":  # ConvNeXt's: begun with 1e-6, no block says anything
                variable.assign(np.ones(variable.shape, np.float32))
    spec = architecture.input
    images = generated_images(_IMAGES, spec.height, spec.width, SEED)
    batch = normalise(images, spec.normalisation)
    _set_statistics(model, batch)
    head = next(layer for layer in reversed(model.layers) if layer.weights)  # a Dense, or a Conv2D of one pixel
    features = np.asarray(keras.Model(model.input, head.input)(batch, training=False)).reshape(len(images), -1)
    kernel, bias = _head(rng, features, classes=head.kernel.shape[-1])
    head.set_weights([kernel.reshape(head.kernel.shape), bias])


def _is_depthwise(layer: keras.Layer, variable: str) -> bool:
    return isinstance(layer, keras.layers.DepthwiseConv2D) or variable == "depthwise_kernel"  # that of a separable one


def _he(rng: np.random.Generator, shape: tuple[int, ...], *, depthwise: bool) -> np.ndarray:
    fan_in = int(np.prod(shape[:2] if depthwise else shape[:-1]))
    return rng.standard_normal(shape, dtype=np.float32) * np.float32(np.sqrt(2 / fan_in))


def _set_statistics(model: keras.Model, batch: np.ndarray) -> None:
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    dropouts = [layer for layer in model.layers if isinstance(layer, keras.layers.Dropout)]
    momenta, rates = [norm.momentum for norm in norms], [dropout.rate for dropout in dropouts]
    for norm in norms:
        norm.momentum = 0.0  # the moving statistics become those of this one batch
    for dropout in dropouts:
        dropout.rate = 0.0  # else no two preparations would be alike
    if norms:
        model(batch, training=True)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    for dropout, rate in zip(dropouts, rates, strict=True):
        dropout.rate = rate


def _head(rng: np.random.Generator, features: np.ndarray, classes: int) -> list[np.ndarray]:
    """Return kernel and bias: centred, along the features' principal directions, scaled to the median top-1 wanted.

    A plain random head must be scaled 15 to 30 fold, and float32 rounding with it: LiteRT and Keras then differ by up
    to 2.5e-4; along the principal directions by 4e-5. Dividing by the root of each direction's spread keeps the first
    one from deciding alone: 14 to 17 different labels for 20 photos, 5 to 13 without (ADR 0003).
    """
    mean = features.mean(axis=0)
    _, spread, directions = np.linalg.svd(features - mean, full_matrices=False)
    used = len(features) - 1  # centring took one
    axes = directions[:used].T / np.sqrt(spread[:used])
    kernel = (axes @ rng.standard_normal((used, classes))).astype(np.float32)
    logits = (features - mean) @ kernel
    low, high = 1e-6, 1e6
    for _ in range(60):
        scale = np.sqrt(low * high)
        if np.median(_softmax(logits * scale).max(axis=1)) < _MEDIAN_TOP1:
            low = scale
        else:
            high = scale
    kernel *= np.float32(scale)
    return [kernel, -(mean @ kernel)]


def _softmax(logits: np.ndarray) -> Scores:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    scores: Scores = powers / powers.sum(axis=1, keepdims=True)
    return scores
