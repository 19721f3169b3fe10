"""The engine for GPUs, and the oracle that LiteRT is held against: Keras, on TensorFlow or JAX. Imports Keras."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from models.architecture import Architecture
from models.backend import gpus
from models.compiled import compiled
from models.engine import Batch, Images, Scores
from models.errors import EngineError, OutOfMemory, PrepareError
from models.keras_model import build
from models.mixed import make_mixed
from preprocessing.spec import Normalisation
from preprocessing.transform import CAFFE_MEAN_BGR, TORCH_DEVIATION, TORCH_MEAN

log = logging.getLogger(__name__)

# Images at once, unless told: on a GPU up to where its rate grows no more; on a CPU batching brings next to nothing.
_MOST_ON_GPU, _MOST_ON_CPU = 64, 8
_NO_ROOM = "RESOURCE_EXHAUSTED"  # the status of both backends, of which each has its own exceptions
_NO_ROOM_IN_TENSORFLOW = "ResourceExhaustedError"


class KerasEngine:
    """One network on the first GPU that Keras's backend sees, else on the CPU; normalisation is part of the graph.

    It runs 1, 2, 4 ... *most* images at a time, its buckets, each compiled once; fewer are padded with black. Not
    thread-safe.
    """

    def __init__(
        self, architecture: Architecture, weights: Path, device: str, *, mixed: bool = False, most: int | None = None
    ) -> None:
        """Build and load; *device* is `auto`, `cpu` or `gpu`. *mixed*: in float16, its softmax in float32. *most*: a
        power of two; None: as suits the device.

        Raises: EngineError: no GPU where one was asked for, or the weights don't fit.
        """
        self.on_gpu = device != "cpu" and bool(gpus())
        if device == "gpu" and not self.on_gpu:
            raise EngineError(f"DEVICE=gpu, and {keras.backend.backend()} sees no GPU")
        try:
            model: keras.Model = build(architecture, weights)
        except PrepareError as error:
            raise EngineError(f"the weights do not fit {architecture.name}") from error
        if mixed:
            make_mixed(model)
        self.spec = replace(architecture.input, normalisation=Normalisation.NONE)
        self._shape = (self.spec.height, self.spec.width, 3)
        self._forward = compiled(model, _normaliser(architecture.input.normalisation), on_gpu=self.on_gpu)
        most = most or (_MOST_ON_GPU if self.on_gpu else _MOST_ON_CPU)
        self._buckets = [1 << power for power in range(most.bit_length())]
        self._buffers = {bucket: np.zeros((bucket, *self._shape), np.uint8) for bucket in self._buckets}

    @property
    def buckets(self) -> tuple[int, ...]:
        """The numbers of images that it runs."""
        return tuple(self._buckets)

    @property
    def largest(self) -> int:
        """How many images it runs at a time: fewer, once the device had no room for as many."""
        return self._buckets[-1]

    def warm(self) -> None:
        """Compile every bucket but those that the device has no room for.  Raises: EngineError: the runtime failed."""
        for bucket in list(self._buckets):
            try:
                self.run_bucket(self._buffers[bucket])
            except OutOfMemory:
                return

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """See `Engine.run`; of whole numbers from 0 to 255, for normalising is the network's part.

        Raises: EngineError: another shape, or the runtime failed.  OutOfMemory: `largest` has become smaller.
        """
        del threads  # the backend shares them by itself
        if batch.ndim != 4 or batch.shape[1:] != self._shape:
            raise EngineError(f"a batch of shape {batch.shape} where (N, {self._shape}) was expected")
        images, step = batch.astype(np.uint8), self.largest
        parts = [images[start : start + step] for start in range(0, len(images), step)]
        return np.concatenate([self.run_bucket(self.gathered([*part]))[: len(part)] for part in parts])

    def gathered(self, images: Sequence[NDArray[np.uint8]]) -> Images:
        """Return at most `largest` images (height, width, 3) uint8 RGB in one of the buckets, the rest of it black.

        It is used again by the next call.
        """
        bucket = self._buffers[next(each for each in self._buckets if each >= len(images))]
        np.stack(images, out=bucket[: len(images)])
        bucket[len(images) :] = 0
        return bucket

    def run_bucket(self, images: Images) -> Scores:
        """Return softmax probabilities (N, classes) float32 of images (N, height, width, 3) uint8 RGB, N a bucket.

        Raises: EngineError: the runtime failed.  OutOfMemory: `largest` has become smaller.
        """
        try:
            return self._forward(images)
        except Exception as error:  # each backend has its own
            if not _is_out_of_memory(error):
                raise EngineError(f"{keras.backend.backend()} failed to run") from error
            self._buckets = [each for each in self._buckets if each < len(images)] or self._buckets[:1]
            log.error("the device has no room for %d images at once: %d from now on", len(images), self.largest)
            raise OutOfMemory("the device had no room for the batch") from error


def _is_out_of_memory(error: Exception) -> bool:
    return _NO_ROOM in str(error) or type(error).__name__ == _NO_ROOM_IN_TENSORFLOW


def _normaliser(normalisation: Normalisation) -> Callable[[Any], Any]:
    """Return what `preprocessing.transform.normalise` does, for the backend's tensors."""

    def normalise(images: Any) -> Any:
        tensor = keras.ops.cast(images, "float32")
        if normalisation is Normalisation.CAFFE:
            return keras.ops.flip(tensor, -1) - CAFFE_MEAN_BGR
        if normalisation is Normalisation.TF:
            return tensor / 127.5 - 1.0
        if normalisation is Normalisation.TORCH:
            return (tensor / 255.0 - TORCH_MEAN) / TORCH_DEVIATION
        return tensor

    return normalise
