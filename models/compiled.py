"""A network of Keras compiled by its backend: images in, scores out. One function a backend, which imports it."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from models.engine import Images, Scores
from models.errors import EngineError

Forward = Callable[[Images], Scores]  # (N, h, w, 3) RGB -> (N, classes)


def compiled(model: keras.Model, prepare: Callable[[Any], Any], *, on_gpu: bool) -> Forward:
    """Return *model* behind *prepare* (uint8 tensor (N, h, w, 3) -> what it eats), compiled once for each N.

    Raises: EngineError: KERAS_BACKEND is neither tensorflow nor jax.
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _tensorflow(model, prepare, on_gpu=on_gpu)
    if backend == "jax":
        return _jax(model, prepare)
    raise EngineError(f"KERAS_BACKEND={backend}: tensorflow and jax are known here")


def _tensorflow(model: keras.Model, prepare: Callable[[Any], Any], *, on_gpu: bool) -> Forward:
    import tensorflow as tf

    tf.config.experimental.enable_tensor_float_32_execution(False)  # of XLA's own kernels; `backend` tells NVIDIA's
    signature = tf.TensorSpec((None, *model.input_shape[1:]), tf.uint8)
    trained, fixed = ([variable.numpy() for variable in each] for each in _variables(model))

    def with_constants(images: Any) -> Any:
        # TensorFlow's own optimiser folds BatchNormalization into what are constants: on two cores a fifth less time.
        given = ([tf.constant(weights) for weights in each] for each in (trained, fixed))
        return model.stateless_call(*given, prepare(images), training=False)[0]

    def with_variables(images: Any) -> Any:
        return model(prepare(images), training=False)

    # XLA on a GPU alone. On two cores an image takes ResNet50 54 ms with variables, XLA or not, and 44 with constants.
    forward = with_variables if on_gpu else with_constants
    run = tf.function(forward, input_signature=[signature], jit_compile=on_gpu).get_concrete_function()
    if on_gpu:
        return lambda images, _alive=model: np.asarray(run(tf.constant(images)), np.float32)  # type: ignore[misc]
    trained.clear()  # they are in the graph now, and need not be in memory three times
    fixed.clear()
    return lambda images: np.asarray(run(tf.constant(images)), np.float32)


def _jax(model: keras.Model, prepare: Callable[[Any], Any]) -> Forward:
    import jax

    trained, fixed = ([variable.value for variable in each] for each in _variables(model))
    run = jax.jit(lambda *given: model.stateless_call(*given[:2], prepare(given[2]), training=False)[0])
    return lambda images: np.asarray(run(trained, fixed, images), np.float32)


def _variables(model: keras.Model) -> tuple[list[Any], list[Any]]:
    """Return its trainable variables and the others, as `stateless_call` takes them."""
    return model.trainable_variables, model.non_trainable_variables
