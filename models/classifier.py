"""The whole road: upload -> image -> tensor -> scores -> predictions."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.engine import Lanes, Scores
from models.errors import EngineError
from models.labels import Label
from models.top_k import Prediction, top_k
from preprocessing.decode import decode
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import min_decode_side, transform


@dataclass(frozen=True, slots=True)
class Classification:
    """Predictions, best first, and where the time went (seconds)."""

    predictions: tuple[Prediction, ...]
    decode_s: float
    queue_s: float
    inference_s: float


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What an upload may be: names from `preprocessing.sniff.FORMATS`, and pixels as the header announces them."""

    formats: tuple[str, ...] = ("jpeg", "png")
    max_pixels: int = 64_000_000


class Classifier:
    """One network from end to end. Thread-safe: threads share its lanes."""

    def __init__(self, lanes: Lanes, spec: InputSpec, labels: Sequence[Label], limits: UploadLimits) -> None:
        self._lanes = lanes
        self._spec = spec
        self._labels = labels
        self._limits = limits

    def classify(self, upload: bytes, top: int = 3, resize: Resize = Resize.CROP) -> Classification:
        """Return the *top* likeliest labels of one encoded image, best first.

        Raises: ImageError: the upload is at fault.  ModelError: we are.
        """
        start = time.monotonic()
        min_side = min_decode_side(self._spec, resize)
        image = decode(upload, formats=self._limits.formats, max_pixels=self._limits.max_pixels, min_side=min_side)
        tensor = transform(image, self._spec, resize)
        decoded = time.monotonic()
        with self._lanes.lease() as engine:
            leased = time.monotonic()
            scores = engine.run(tensor[np.newaxis])
        done = time.monotonic()
        predictions = top_k(self._checked(scores), self._labels, top)
        return Classification(predictions, decoded - start, leased - decoded, done - leased)

    def _checked(self, scores: Scores) -> Scores:
        """Return the one row of *scores*, or raise: a wrong answer is never passed on."""
        if scores.shape != (1, len(self._labels)) or not np.isfinite(scores).all():
            raise EngineError(f"The engine gave scores of shape {scores.shape}, or not finite ones.")
        row: Scores = scores[0]
        return row
