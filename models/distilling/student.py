"""A network to be taught: one of the catalog, narrower and smaller, or one of ours. Imports Keras."""

import inspect
from typing import Any

import keras

from models.catalog import CATALOG
from models.child import Step
from models.distilling.course import OURS, Course
from models.errors import PrepareError

_MOMENTUM = 0.9  # of batch statistics: Keras's 0.99 and 0.999 lag behind a short course


def _resnet10(size: int, classes: int, alpha: float) -> Any:
    """Return a residual network of four blocks, 64 to 512 channels times *alpha*, for small pictures.

    He et al. 2015, arXiv:1512.03385, with one basic block a stage, a 3 x 3 stem and pooled shortcuts (He et al. 2018,
    arXiv:1812.01187). On a CPU dense convolutions learn more in an hour than depthwise ones, at the same parameters.
    """
    widths = [max(8, round(alpha * channels / 8) * 8) for channels in (64, 128, 256, 512)]
    source = keras.Input((size, size, 3))
    x = keras.layers.ReLU()(_convolved(source, widths[0], stride=2))
    for stage, width in enumerate(widths):
        x = _block(x, width, stride=1 if stage == 0 else 2)
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(source, keras.layers.Dense(classes)(pooled), name="resnet10")


def _block(x: Any, width: int, stride: int) -> Any:
    y = keras.layers.ReLU()(_convolved(x, width, stride))
    y = _convolved(y, width, 1)
    if stride > 1:
        x = keras.layers.AveragePooling2D(stride, padding="same")(x)
    if x.shape[-1] != width:
        x = _convolved(x, width, 1, kernel=1)
    return keras.layers.ReLU()(keras.layers.Add()([x, y]))


def _convolved(x: Any, width: int, stride: int, kernel: int = 3) -> Any:
    x = keras.layers.Conv2D(
        width, kernel, stride, padding="same", use_bias=False, kernel_initializer=keras.initializers.HeNormal()
    )(x)
    return keras.layers.BatchNormalization(momentum=_MOMENTUM)(x)


def logits_of(student: str, classes: int, size: int, alpha: float | None) -> Any:
    """Return the untrained network for (N, size, size, 3) -> logits (N, classes), float32 under any dtype policy.

    Raises: PrepareError: it has no width to choose, or can't be made so small.
    """
    network = _resnet10(size, classes, alpha or 1.0) if student == OURS else _of_catalog(student, classes, size, alpha)
    for layer in reversed(network.layers):  # MobileNet's last ones only bring it into shape
        layer.dtype_policy = "float32"
        if layer.weights:
            break
    return network


def _of_catalog(student: str, classes: int, size: int, alpha: float | None) -> Any:
    architecture = CATALOG[student]
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


def can_be_made(step: Step, *, course: Course, classes: int) -> None:
    """Raises: PrepareError: it can't."""
    step("student")
    logits_of(course.student, classes, course.size, course.alpha)


def with_softmax(logits: Any) -> Any:
    """Return the network with probabilities for logits."""
    return keras.Model(logits.input, keras.layers.Softmax()(logits.output))
