"""Models whose engine is in another process: it may come late, go, and be another one when it is back."""

import logging
import math
import time
from collections.abc import Callable, Mapping

from models.registry import Entry, Registry

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0  # at each of them
_LONGEST_PAUSE_S = 64.0  # between two loads of what is refused
_BUSY_PAUSE_S = 10.0  # between two questions for a known answer that a busy engine had no time for

Told = Callable[[Mapping[str, Entry]], None]


class EngineWatch:
    """Looks after those of *registry*, one at a time, between two requests; *told* is given what is new of one.

    A lost engine is looked for before a caller needs it. A model that was not there when it was loaded gives its known
    answer when it has come; after that its engine asks for it whenever it loads it. One that is refused is loaded anew,
    with longer and longer pauses: a newer build may have taken the place of what was asked for.
    """

    def __init__(
        self,
        registry: Registry,
        told: Told = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry, self._told, self._clock = registry, told, clock
        self._turns = 0
        self._next = clock()
        self._rests: dict[str, float] = {}  # until when nothing is tried
        self._pauses_s: dict[str, float] = {}  # the next one's length, of what was refused

    def due_in_s(self) -> float:
        """Return how long one may wait for a caller before the next look."""
        return max(0.0, self._next - self._clock()) if self._registry.elsewhere() else math.inf

    def run(self) -> None:
        """Look at the one whose turn it is, once that is due."""
        names = self._registry.elsewhere()
        name = names[self._turns % len(names)]
        self._turns += 1
        if self._is_new(name):
            entry = self._registry.entries[name]
            log.info("%s is %s now, version %s", name, entry.state.value, entry.model and entry.model.version)
            self._told({name: entry})
        self._next = self._clock() + _LOOK_EVERY_S / len(names)

    def _is_new(self, name: str) -> bool:
        """Do what there is to do; say whether its known answer was asked for."""
        model = self._registry.model(name)
        is_away = bool(model and model.classifier.why_not())
        if not is_away and name in self._pauses_s:  # it was refused, and is there
            del self._pauses_s[name], self._rests[name]
        if model is None or self._clock() < self._rests.get(name, 0.0):
            return False
        if not is_away:
            if self._registry.is_untested(name):
                if self._registry.self_test(name) is not None:
                    return True
                self._rests[name] = self._clock() + _BUSY_PAUSE_S
        elif model.classifier.is_refused():
            self._registry.renew(name)
            pause_s = self._pauses_s.get(name, _LOOK_EVERY_S)
            self._rests[name] = self._clock() + pause_s
            self._pauses_s[name] = min(_LONGEST_PAUSE_S, 2 * pause_s)
        return False
