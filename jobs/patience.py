"""How long callers wait for a Redis that says nothing: once, and then the next ones not at all for a while."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import redis

from jobs import store
from jobs.errors import StoreUnreachable

SPARED_S = 5.0  # a worker of the web answers one caller at a time, and those of /predict need no Redis


class Patience:
    """Of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = -SPARED_S

    @contextmanager
    def reached(self) -> Iterator[None]:
        """Raises: StoreUnreachable: for whatever Redis could not do; at once, where it has just let a caller wait."""
        if self._clock() < self._ends_at:
            raise StoreUnreachable
        try:
            with store.reached():
                yield
        except StoreUnreachable as error:
            if isinstance(error.__cause__, redis.TimeoutError):
                self._ends_at = self._clock() + SPARED_S
            raise
