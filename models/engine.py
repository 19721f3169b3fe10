"""What every engine is."""

from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from models.deadline import Deadline
from preprocessing.spec import InputSpec

Batch = NDArray[np.float32]
Scores = NDArray[np.float32]
Images = NDArray[np.uint8]  # (N, height, width, 3) RGB


class Engine(Protocol):
    """One network, ready to run. Not thread-safe: its `Classifier` lets one thread in at a time.

    *spec*: what it eats; of the network's own normalisation it may do a part itself.
    """

    spec: InputSpec

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """Return softmax probabilities (N, classes) float32 for a batch (N, height, width, 3) float32, normalised.

        At most *threads* CPU threads are used where the engine can be told.
        Raises: EngineError: the batch has another shape, or the runtime failed.
        """
        ...


class Answered(NamedTuple):
    """Scores (classes,) float32; seconds that the image waited for its batch, and its share of what that took."""

    scores: Scores
    waited_s: float
    took_s: float


@runtime_checkable
class Elsewhere(Protocol):
    """What an engine has besides that runs in another process, and takes several images at once."""

    def begin(self, tensor: NDArray[np.float32], until: Deadline) -> int:
        """Hand over a tensor (height, width, 3); return the number by which it is asked for.  Raises: ModelError."""
        ...

    def take(self, serial: int, until: Deadline) -> Answered:
        """Wait for the answer to what was begun, and take it.  Raises: ModelError."""
        ...

    def drop(self, serial: int) -> None:
        """Say that nobody will take what was begun."""
        ...

    def why_not(self, patience_s: float = 0.0) -> str:
        """Return why nothing can be asked; empty where it can. Waits for *patience_s* at most until it can."""
        ...

    def is_refused(self) -> bool:
        """Say whether its process could not load the model."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...
