"""How far the service has come to its end: one byte that Gunicorn's master and all its workers share."""

import mmap
from enum import IntEnum


class Phase(IntEnum):
    """Only the master moves on, and only forwards."""

    SERVING = 0
    DRAINING = 1  # told to stop: /readyz says so, everything else goes on
    CLOSED = 2  # the listeners are nobody else's and take no new connection; those that wait are answered


class SharedPhase:
    """Made before a fork, it is the same for both sides; a worker that is forked later finds it as it stands."""

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, 1)  # MAP_SHARED and anonymous

    def now(self) -> Phase:
        """Return the phase; a read of memory."""
        return Phase(self._page[0])

    def enter(self, phase: Phase) -> None:
        """Move on to *phase*."""
        self._page[0] = phase

    def is_ending(self) -> bool:
        """Say whether the service was told to stop."""
        return self._page[0] != Phase.SERVING
