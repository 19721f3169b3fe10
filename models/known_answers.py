"""Known images and the answers to them when the model was made (float32: Keras's): the self-test of every load."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.engine import Batch, Engine, Scores
from models.errors import ArtifactError, PrepareError
from models.manifest import KNOWN_ANSWERS_FILE, Precision
from preprocessing.spec import InputSpec
from preprocessing.transform import normalise

COUNT = 4
_SEED = 1

FLOAT32_TOLERANCE = 1e-4  # the contract's parity with Keras; another CPU's order of summation gives 1e-5
_INT8_TOLERANCE = 2e-2
_MIXED_TOLERANCE = 5e-2  # MobileNetV2 strays by 0.026 on these images, and as far on photos
_SUM_TOLERANCE = 1e-3  # softmax in float16 sums to 1 within that

_SCALES = (2, 4, 9, 24)  # grid cells a side: shapes as coarse and as fine as photos have


def generated_images(count: int, height: int, width: int, seed: int) -> NDArray[np.uint8]:
    """Return (count, height, width, 3) uint8 RGB: coloured blobs of several sizes, contrast and brightness varied.

    They stand in for photos where there are none: each gives a trained or conditioned network something different.
    """
    rng = np.random.default_rng(seed)
    images = np.empty((count, height, width, 3), np.uint8)
    for image in images:
        blend = np.zeros((height, width, 3), np.float32)
        for cells in (*_SCALES, height):
            grid = Image.fromarray(rng.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
            blown_up = np.asarray(grid.resize((width, height), Image.Resampling.BICUBIC), np.float32)
            blend += np.float32(rng.uniform()) * (blown_up - 128)
        blend *= np.float32(rng.uniform(30, 80) / blend.std())
        image[:] = np.clip(blend + rng.uniform(60, 190, 3), 0, 255)
    return images


def tolerance(precision: Precision, max_change: float) -> float:
    """Return the largest |difference| of a probability that is still the same answer.

    int8: a kernel that rounds an activation to the neighbouring step strays as far as int8 itself does from float32
    (*max_change*): between XNNPACK's and TFLite's own kernels 0.2 to 1.4 times that, measured on nine builds. mixed:
    float16 rounds finer than int8 (*max_change*, where that was built).
    """
    if precision is Precision.FLOAT32:
        return FLOAT32_TOLERANCE
    if precision is Precision.MIXED:
        return max(_MIXED_TOLERANCE, max_change)
    return max(_INT8_TOLERANCE, 2 * max_change)


def _require_probabilities(scores: Scores) -> None:
    """Raises: PrepareError: *scores* are not (COUNT, classes) of probabilities."""
    if scores.ndim != 2 or len(scores) != COUNT:
        raise PrepareError(f"it answers {COUNT} images with an array of shape {scores.shape}, not ({COUNT}, classes)")
    if not np.isfinite(scores).all():
        raise PrepareError("it answers with numbers that are not finite")
    if scores.min() < 0 or np.abs(scores.sum(axis=1) - 1).max() > _SUM_TOLERANCE:
        raise PrepareError("its answers are no probabilities that sum to 1: end it with a softmax")


class KnownAnswers:
    """*images* (N, height, width, 3) uint8 RGB of the network's own size; *scores* by precision, (N, classes)."""

    def __init__(self, images: NDArray[np.uint8], scores: dict[Precision, Scores]) -> None:
        self.images = images
        self.scores = scores

    @classmethod
    def of(cls, run: Callable[[Batch], Any], spec: InputSpec) -> Self:
        """Return the known images of *spec*'s size with the answers of *run* as float32's.

        Raises: PrepareError: they are no probabilities.
        """
        images = generated_images(COUNT, spec.height, spec.width, _SEED)
        scores = np.asarray(run(normalise(images, spec.normalisation)))
        _require_probabilities(scores)
        return cls(images, {Precision.FLOAT32: scores})

    @property
    def classes(self) -> int:
        """How many of them the answers tell apart."""
        return int(self.scores[Precision.FLOAT32].shape[1])

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises: ArtifactError: absent or not what we wrote."""
        try:
            with np.load(folder / KNOWN_ANSWERS_FILE, allow_pickle=False) as arrays:
                scores = {Precision(name): arrays[name] for name in arrays.files if name != "images"}
                return cls(arrays["images"], scores)
        except (OSError, ValueError, KeyError, BadZipFile) as error:
            raise ArtifactError(f"{KNOWN_ANSWERS_FILE} is not readable: {type(error).__name__}") from error

    def first(self, precision: Precision, count: int) -> Self:
        """Return the first *count* with their answers at one precision, holding on to nothing else."""
        wanted = precision.artifact
        return type(self)(self.images[:count].copy(), {wanted: self.scores[wanted][:count].copy()})

    def write(self, folder: Path) -> None:
        """Write them into *folder*."""
        np.savez(folder / KNOWN_ANSWERS_FILE, images=self.images, **self.scores)  # type: ignore[arg-type]  # numpy stubs: kwargs

    def check(self, engine: Engine, precision: Precision, max_change: float, count: int = COUNT) -> None:
        """Run the first *count* images, one by one; *max_change* as in `tolerance`.

        Raises: ArtifactError: an answer differs from the recorded one.
        """
        allowed = tolerance(precision, max_change)
        expected = self.scores[precision.artifact][:count]
        for image, wanted in zip(self.images[:count], expected, strict=True):
            scores = engine.run(normalise(image, engine.spec.normalisation)[np.newaxis])[0]
            change = float(np.abs(scores - wanted).max())
            if not change <= allowed:  # also catches NaN
                raise ArtifactError(f"known answers differ by {change:.2g}; at most {allowed:g} is allowed")
