"""The engine for GPUs, and the oracle that LiteRT is held against: Keras on TensorFlow. Imports TensorFlow."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from models.architecture import Architecture
from models.child import Step
from models.engine import Batch, Scores
from models.errors import EngineError, PrepareError
from models.keras_model import build


def count_gpus(step: Step) -> int:
    """Return how many CUDA devices TensorFlow can use; run by `run_in_child`, hence the *step* that is not needed."""
    del step
    return len(tf.config.list_physical_devices("GPU"))


class KerasEngine:
    """One network as a compiled `tf.function`, float32, on the first GPU that TensorFlow sees, else on the CPU."""

    def __init__(self, architecture: Architecture, weights: Path, device: str) -> None:
        """Build and load; *device* is `auto`, `cpu` or `gpu`.

        Raises: EngineError: no GPU where one was asked for, or the weights don't fit.
        """
        gpus = tf.config.list_physical_devices("GPU")
        if device == "gpu" and not gpus:
            raise EngineError("DEVICE=gpu, and TensorFlow sees no GPU")
        if device == "cpu":
            tf.config.set_visible_devices([], "GPU")
        for gpu in tf.config.get_visible_devices("GPU"):
            tf.config.experimental.set_memory_growth(gpu, True)
        tf.config.experimental.enable_tensor_float_32_execution(False)  # 10 bits of mantissa are not within 1e-4
        try:
            model: keras.Model = build(architecture, weights)
        except PrepareError as error:
            raise EngineError(f"the weights do not fit {architecture.name}") from error
        spec = architecture.input
        signature = tf.TensorSpec((None, spec.height, spec.width, 3), tf.float32)
        self._run = tf.function(lambda batch: model(batch, training=False), input_signature=[signature])
        self._shape = (spec.height, spec.width, 3)

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """See `Engine.run`; TensorFlow shares its threads by itself."""
        del threads
        if batch.ndim != 4 or batch.shape[1:] != self._shape:
            raise EngineError(f"A batch of shape {batch.shape} where (N, {self._shape}) was expected.")
        return np.asarray(self._run(tf.constant(batch)), dtype=np.float32)
