"""The whole road: upload -> image -> tensor -> scores -> predictions."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models.cores import Cores
from models.engine import Engine, Scores
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
    """One network from end to end. Thread-safe: its engine runs one image at a time."""

    def __init__(
        self, engine: Engine, spec: InputSpec, labels: Sequence[Label], limits: UploadLimits, cores: Cores
    ) -> None:
        self._engine = engine
        self._running = threading.Lock()
        self._cores = cores
        self._spec = spec
        self._labels = labels
        self._limits = limits

    def classify(self, upload: bytes, top: int = 3, resize: Resize = Resize.CROP) -> Classification:
        """Return the *top* likeliest labels of one encoded image, best first.

        Raises: ImageError: the upload is at fault.  ModelError: we are.
        """
        min_side = min_decode_side(self._spec, resize)
        with self._cores.lease() as lease:
            start = time.monotonic()
            image = decode(upload, formats=self._limits.formats, max_pixels=self._limits.max_pixels, min_side=min_side)
            tensor = transform(image, self._spec, resize)
            decoded = time.monotonic()
            with self._running:
                running = time.monotonic()
                scores = self._engine.run(tensor[np.newaxis], threads=lease.grow())
                done = time.monotonic()
        predictions = top_k(self._checked(scores), self._labels, top)
        queue_s = lease.waited_s + running - decoded
        return Classification(predictions, decoded - start, queue_s, done - running)

    def _checked(self, scores: Scores) -> Scores:
        """Return the one row of *scores*, or raise: a wrong answer is never passed on."""
        if scores.shape != (1, len(self._labels)) or not np.isfinite(scores).all():
            raise EngineError(f"The engine gave scores of shape {scores.shape}, or not finite ones.")
        row: Scores = scores[0]
        return row
