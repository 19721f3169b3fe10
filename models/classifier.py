"""One network as the road meets it: tensor -> scores."""

import threading
from collections.abc import Sequence

import numpy as np

from models.engine import Engine, Scores
from models.errors import EngineError
from models.labels import Label
from preprocessing.spec import InputSpec
from preprocessing.transform import Tensor


class Classifier:
    """An engine with what it eats and what its scores are of. Thread-safe: the engine runs one image at a time."""

    def __init__(self, engine: Engine, spec: InputSpec, labels: Sequence[Label]) -> None:
        self.spec = spec
        self.labels = labels
        self._engine = engine
        self._running = threading.Lock()

    def scores(self, tensor: Tensor, threads: int = 1) -> Scores:
        """Return softmax probabilities (classes,) float32 for a tensor (height, width, 3) float32, normalised.

        Raises: EngineError: the runtime failed, or gave what is no answer: that is never passed on.
        """
        with self._running:
            scores = self._engine.run(tensor[np.newaxis], threads=threads)
        if scores.shape != (1, len(self.labels)) or not np.isfinite(scores).all():
            raise EngineError(f"The engine gave scores of shape {scores.shape}, or not finite ones.")
        row: Scores = scores[0]
        return row
