"""What every engine is."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
Scores = NDArray[np.float32]


class Engine(Protocol):
    """One network, ready to run. Not thread-safe: its `Classifier` lets one thread in at a time."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """Return softmax probabilities (N, classes) float32 for a batch (N, height, width, 3) float32, normalised.

        At most *threads* CPU threads are used where the engine can be told.
        Raises: EngineError: the batch has another shape, or the runtime failed.
        """
        ...
