"""The known answers again, now and then, between requests: memory and kernels that answered once may not for ever."""

import math
import time
from collections.abc import Callable

from models.registry import Registry

Report = Callable[[str, bool], None]


class SelfTests:
    """Each loaded model of *registry* every *every_s* seconds (0: never), one at a time and evenly spread.

    A request waits for at most one of them. *report* is told each outcome; an engine that could not be asked has none.
    *turn*: which part of the first pause to wait (above 0, to 1), another for each worker. Used by the worker's one
    thread.
    """

    def __init__(
        self,
        registry: Registry,
        every_s: float,
        report: Report,
        turn: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._report = report
        self._clock = clock
        self._every_s = every_s
        self._turns = 0
        self._next = clock() + turn * self._pause_s()

    def due_in_s(self) -> float:
        """Return how long one may wait for a caller before the next test."""
        return max(0.0, self._next - self._clock())

    def run_next(self) -> None:
        """Test the model whose turn it is, of those that are there: a reload may have brought one."""
        if names := self._loaded():
            name = names[self._turns % len(names)]
            self._turns += 1
            passed = self._registry.self_test(name)
            if passed is not None:
                self._report(name, passed)
        self._next = self._clock() + self._pause_s()

    def _pause_s(self) -> float:
        return self._every_s / max(1, len(self._loaded())) if self._every_s else math.inf

    def _loaded(self) -> list[str]:
        untested = self._registry.is_untested  # whose turn has still to come
        return [name for name in self._registry.loaded() if not untested(name)]
