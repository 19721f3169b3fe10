"""Items that come one by one, run as many at a time as pays.

submit -> queue -> the owner thread, which takes what is there, waits a moment for more, and runs them together. Each
future is resolved exactly once, whatever happens: a batch that fails is split until only the culprit fails.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from models.errors import DeadlineExceeded, EngineError, EngineFull, ModelUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

_WEIGHT = 0.2  # of the newest run in the running mean of how long one takes


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting(Generic[Item, Result]):
    item: Item
    ends_at: float
    came_at: float
    future: "Future[Result]" = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """*run* gets at most *largest()* items and returns a result for each, in their order; the owner thread alone calls
    it. It waits until *wait_s* after the oldest item came for more, and less where a deadline is nearer. At most *most*
    items wait.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        largest: Callable[[], int],
        *,
        wait_s: float,
        most: int,
    ) -> None:
        self._run, self._largest, self._wait_s, self._most = run, largest, wait_s, most
        self._waiting: deque[_Waiting[Item, Result]] = deque()
        self._changed = threading.Condition()
        self._is_closed = False
        self._run_s = 0.0
        self._owner = threading.Thread(target=self._serve, name="batcher", daemon=True)

    def start(self) -> None:
        """Begin to run what is submitted."""
        self._owner.start()

    def submit(self, item: Item, ends_at: float = math.inf) -> "Future[Result]":
        """Return the future of *item*'s result, which raises DeadlineExceeded where it can't be run before *ends_at*, a
        `time.monotonic()`.

        Raises: EngineFull: too many wait.  ModelUnavailable: closed.
        """
        waiting: _Waiting[Item, Result] = _Waiting(item, ends_at, time.monotonic())
        with self._changed:
            if self._is_closed:
                raise ModelUnavailable("The model is being taken down.")
            if len(self._waiting) >= self._most:
                raise EngineFull(f"{self._most} images wait for the model already.")
            self._waiting.append(waiting)
            self._changed.notify()
        return waiting.future

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    def close(self) -> None:
        """Take nothing more, run what waits at once, and return when all of it is answered."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._owner.ident is not None:
            self._owner.join()

    def _serve(self) -> None:
        while (batch := self._next()) is not None:
            self._answer([each for each in batch if _is_wanted(each)])

    def _next(self) -> list[_Waiting[Item, Result]] | None:
        """Return those to run together; None: closed, and nothing is left."""
        with self._changed:
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            while not self._is_closed and len(self._waiting) < self._largest():
                left_s = self._patience_ends() - time.monotonic()
                if left_s <= 0:
                    break
                self._changed.wait(left_s)
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._largest()))] or None

    def _patience_ends(self) -> float:
        nearest = min(each.ends_at for each in self._waiting) - self._run_s
        return min(self._waiting[0].came_at + self._wait_s, nearest)

    def _answer(self, batch: Sequence[_Waiting[Item, Result]]) -> None:
        if not batch:
            return
        start = time.monotonic()
        try:
            results = self._run([each.item for each in batch])
            if len(results) != len(batch):
                raise EngineError(f"{len(results)} results for {len(batch)} items")
        except ModelUnavailable as error:  # none of them is to blame
            for each in batch:
                each.future.set_exception(error)
        except Exception as error:  # noqa: BLE001  # whatever one provokes must not end the thread; its future tells it
            if len(batch) == 1:
                batch[0].future.set_exception(error)
                return
            half = len(batch) // 2
            self._answer(batch[:half])
            self._answer(batch[half:])
        else:
            self._run_s += _WEIGHT * (time.monotonic() - start - self._run_s)
            for each, result in zip(batch, results, strict=True):
                each.future.set_result(result)


def _is_wanted(waiting: _Waiting[Item, Result]) -> bool:
    """Say whether it is to be run; else it is over: cancelled, or late."""
    if not waiting.future.set_running_or_notify_cancel():
        return False
    if waiting.ends_at > time.monotonic():
        return True
    waiting.future.set_exception(DeadlineExceeded("There was not enough time to answer."))
    return False
