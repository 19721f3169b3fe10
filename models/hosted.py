"""One model in the engine process: its network on the device, and the batcher that fills it."""

import faulthandler
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.batcher import Batcher
from models.engine import Scores
from models.errors import EngineError

if TYPE_CHECKING:
    from models.engine_keras import KerasEngine

log = logging.getLogger(__name__)

_GIVE_UP = 16  # runs that failed in a row, as after an error that a CUDA context does not survive


class Place(NamedTuple):
    """Where an image (h, w, 3) uint8 lies, and where its scores (classes,) float32 belong; *came_at*, monotonic."""

    image: NDArray[np.uint8]
    scores: Scores
    came_at: float


class Timed(NamedTuple):
    """The scores are in their place. Seconds that the image waited for its batch, and its share of what that took."""

    waited_s: float
    took_s: float


class Run(NamedTuple):
    """One batch of *model* as it went: *images* in a *bucket*; seconds until they were *copied* and *computed*; the
    most that it runs at once now, and the images that wait.
    """

    model: str
    images: int
    bucket: int
    copied_s: float
    computed_s: float
    largest: int
    waiting: int


class Batching(NamedTuple):
    """*wait_s* for more images; at most *most* of them wait. A run of more than *hangs_s* ends the process."""

    wait_s: float
    most: int
    hangs_s: float


class Hosted:
    """*engine* with what it takes to share it: *device* is held while it runs, for all models of the process."""

    def __init__(
        self,
        name: str,
        engine: "KerasEngine",
        classes: int,
        device: threading.Lock,
        batching: Batching,
        *,
        told: Callable[[Run], None],
    ) -> None:
        self.spec, self.classes = engine.spec, classes
        self._name, self._engine, self._told = name, engine, told
        self._device, self._hangs_s = device, batching.hangs_s
        self._failed = 0
        self._batcher: Batcher[Place, Timed | EngineError] = Batcher(
            self._run, lambda: engine.largest, wait_s=batching.wait_s, most=batching.most
        )
        self._batcher.start()

    def submit(self, place: Place, ends_at: float) -> "Future[Timed | EngineError]":
        """See `Batcher.submit`; an EngineError as the result is of this image alone."""
        return self._batcher.submit(place, ends_at)

    def close(self) -> None:
        """Answer what waits, and end."""
        self._batcher.close()

    def _run(self, places: Sequence[Place]) -> list[Timed | EngineError]:
        with self._device:
            start = time.monotonic()
            # A device that hangs answers nobody: the process ends, in C and without the GIL, and is started again.
            faulthandler.dump_traceback_later(self._hangs_s, exit=True, file=sys.stderr)
            try:
                batch = self._engine.gathered([place.image for place in places])
                copied = time.monotonic()
                scores = self._engine.run_bucket(batch)
            except EngineError:
                self._count_failure()
                raise
            finally:
                faulthandler.cancel_dump_traceback_later()
            computed, self._failed = time.monotonic(), 0
        largest, waiting = self._engine.largest, self._batcher.waiting
        self._told(Run(self._name, len(places), len(batch), copied - start, computed - copied, largest, waiting))
        share_s = (computed - start) / len(places)
        return [_put(row, place, start, share_s) for place, row in zip(places, scores, strict=False)]

    def _count_failure(self) -> None:
        self._failed += 1
        if self._failed >= _GIVE_UP:
            log.critical("%s: %d runs failed one after the other: the engine ends", self._name, self._failed)
            os._exit(os.EX_SOFTWARE)


def _put(scores: Scores, place: Place, start: float, share_s: float) -> Timed | EngineError:
    """Put *scores* where they belong, unless they are no answer."""
    if not np.isfinite(scores).all():
        return EngineError("the scores are not finite")
    place.scores[:] = scores
    return Timed(start - place.came_at, share_s)
