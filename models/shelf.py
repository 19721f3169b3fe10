"""The models of an engine process: loaded by one thread when the first worker wants one, kept while anybody does."""

import gc
import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial

from models.attempt import attempt
from models.engine_visitor import Visitor
from models.engine_words import Wanted
from models.hosted import Hosted

log = logging.getLogger(__name__)

# Many workers ask for what can't be loaded, and what can be is loaded by the same thread.
_REST, _LEAST_REST_S, _MOST_REST_S = 10.0, 9.0, 60.0

Load = Callable[[Wanted], Hosted]  # raises ModelError
Tell = Callable[[str], None]


class Shelf:
    """A build that nobody holds goes, unless it is the newest of its model and no other is held. *load*: see `Load`."""

    def __init__(self, load: Load, clock: Callable[[], float] = time.monotonic) -> None:
        self._load, self._clock = load, clock
        self._hosted: dict[Wanted, Hosted] = {}  # in the order in which they came
        self._holders: dict[Visitor, Wanted] = {}
        self._awaited: dict[Wanted, list[tuple[Visitor, Tell]]] = {}
        self._refused: dict[Wanted, tuple[str, float]] = {}  # why, and until when
        self._work: queue.SimpleQueue[Callable[[], object]] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._loader = threading.Thread(target=self._do_the_work, name="loader", daemon=True)

    def start(self) -> None:
        """Begin to load what is wanted."""
        self._loader.start()

    def prepare(self, wanted: Wanted) -> None:
        """Load it before anybody wants it."""
        with self._lock:
            self._order(wanted)

    def want(self, wanted: Wanted, visitor: Visitor, tell: Tell) -> None:
        """Give *visitor* the model, loaded first where it is not there; *tell* says why it can't be, or nothing."""
        with self._lock:
            if hosted := self._hosted.get(wanted):
                self._give(wanted, hosted, visitor)
                reason = _misfit(visitor, hosted)
            elif not (reason := self._still_refused(wanted)):
                self._order(wanted).append((visitor, tell))
                return
        tell(reason)

    def let_go(self, visitor: Visitor) -> None:
        """Take it that *visitor* wants its model no more."""
        with self._lock:
            self._holders.pop(visitor, None)
            visitor.hosted = None
            for told in self._awaited.values():
                told[:] = [(each, tell) for each, tell in told if each is not visitor]
            self._clear()

    def close(self) -> None:
        """Answer all that waits."""
        with self._lock:
            for hosted in self._hosted.values():
                hosted.close()

    def _clear(self) -> None:
        """Unload what nobody holds, where another build of that model is held or newer."""
        held = {*self._holders.values(), *self._awaited}
        names = {wanted.name for wanted in self._holders.values()}
        newest = {wanted.name: wanted for wanted in self._hosted}
        for wanted in [each for each in self._hosted if each not in held]:
            if wanted.name in names or newest[wanted.name] != wanted:
                log.info("%s: a build that nobody holds is unloaded", wanted.name)
                self._work.put(self._hosted.pop(wanted).close)
                self._work.put(gc.collect)  # it and its batcher hold each other, and with them the device's memory

    def _order(self, wanted: Wanted) -> list[tuple[Visitor, Tell]]:
        if wanted not in self._awaited:
            self._awaited[wanted] = []
            self._work.put(lambda: self._bring(wanted))
        return self._awaited[wanted]

    def _give(self, wanted: Wanted, hosted: Hosted, visitor: Visitor) -> None:
        self._holders[visitor] = wanted
        visitor.hosted = hosted if not _misfit(visitor, hosted) else None

    def _do_the_work(self) -> None:
        while True:
            self._work.get()()

    def _bring(self, wanted: Wanted) -> None:
        start = self._clock()
        hosted, reason = attempt(
            partial(self._load, wanted), log, f"{wanted.name} could not be loaded", "while loading"
        )
        with self._lock:
            told = self._awaited.pop(wanted)
            if hosted:
                self._hosted[wanted] = hosted
                for visitor, _ in told:
                    self._give(wanted, hosted, visitor)
                self._clear()
            else:
                self._refuse(wanted, reason, self._clock() - start)
        for visitor, tell in told:
            tell(reason or (hosted and _misfit(visitor, hosted)) or "")
        if not hosted:
            gc.collect()  # what there was of it: the next one needs the memory

    def _refuse(self, wanted: Wanted, reason: str, took_s: float) -> None:
        """Let it rest for ten times as long as it took to fail, within bounds."""
        self._refused[wanted] = reason, self._clock() + min(_MOST_REST_S, max(_LEAST_REST_S, _REST * took_s))

    def _still_refused(self, wanted: Wanted) -> str:
        """Return why it can't be loaded, while that rests."""
        reason, until = self._refused.get(wanted, ("", 0.0))
        if self._clock() < until:
            return reason
        self._refused.pop(wanted, None)
        return ""


def _misfit(visitor: Visitor, hosted: Hosted) -> str:
    """Return why a worker's ring is not one for the model; empty where it is."""
    shape = visitor.ring.shape if visitor.ring else None
    fits = shape and (shape.height, shape.width, shape.classes) == (
        hosted.spec.height, hosted.spec.width, hosted.classes
    )  # fmt: skip
    return "" if fits else "the worker's ring is not one for this model"
