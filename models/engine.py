"""What every engine is, and the pool that hands engines to threads."""

import queue
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Batch = NDArray[np.float32]
Scores = NDArray[np.float32]


class Engine(Protocol):
    """One network, ready to run. Not thread-safe: `Lanes` lends it to one thread at a time."""

    def run(self, batch: Batch) -> Scores:
        """Return softmax probabilities (N, classes) float32 for a batch (N, height, width, 3) float32, normalised.

        Raises: EngineError: the batch has another shape, or the runtime failed.
        """
        ...


class Lanes:
    """A fixed set of engines for the same network; each is lent to one thread at a time."""

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._idle: queue.LifoQueue[Engine] = queue.LifoQueue()  # last in, first out: the warmest caches
        for engine in engines:
            self._idle.put(engine)

    @contextmanager
    def lease(self) -> Iterator[Engine]:
        """Wait for an idle engine and lend it."""
        engine = self._idle.get()
        try:
            yield engine
        finally:
            self._idle.put(engine)
