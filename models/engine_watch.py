"""Models whose engine is in another process: it may come late, go, and be another one when it is back."""

import logging
import time
from collections.abc import Callable, Mapping

from models.registry import Entry, Registry

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 2.0  # at each of them
_PATIENCE_S = 1.0
_LONGEST_PAUSE_S = 64.0

Told = Callable[[Mapping[str, Entry]], None]


class EngineWatch:
    """Looks after those of *registry*, one at a time, between two requests; *told* is given what is new of one.

    A lost engine is looked for before a caller needs it. One that has come gives its known answer. One that refused is
    loaded anew, with longer and longer pauses: a newer build may have taken the place of what it was asked for.
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
        self._pauses: dict[str, tuple[float, float]] = {}  # of what was refused: until when, seconds

    def due(self) -> bool:
        """Say whether there is a model to look at."""
        if self._clock() < self._next:
            return False
        if not (is_any := bool(self._elsewhere())):
            self._next = self._clock() + _LOOK_EVERY_S
        return is_any

    def run(self) -> None:
        """Look at the one whose turn it is, once that is due."""
        names = self._elsewhere()
        name = names[self._turns % len(names)]
        self._turns += 1
        if self._is_new(name):
            entry = self._registry.entries[name]
            log.info("%s is %s now, version %s", name, entry.state.value, entry.model and entry.model.version)
            self._told({name: entry})
        self._next = self._clock() + _LOOK_EVERY_S / len(names)

    def _is_new(self, name: str) -> bool:
        """Do what there is to do; say whether it has changed anything."""
        model = self._registry.entries[name].model
        reason = model.classifier.why_not() if model else ""
        if not reason:
            self._pauses.pop(name, None)
            return self._registry.is_untested(name) and self._registry.self_test(name) is not None
        return bool(model and model.classifier.is_refused() and self._is_mended(name))

    def _is_mended(self, name: str) -> bool:
        until, pause_s = self._pauses.get(name, (0.0, _LOOK_EVERY_S))
        if self._clock() < until:
            return False
        reason = self._registry.reload(name, _PATIENCE_S)
        self._pauses[name] = self._clock() + pause_s, min(_LONGEST_PAUSE_S, 2 * pause_s)
        return not reason

    def _elsewhere(self) -> list[str]:
        entries = self._registry.entries.items()
        return [name for name, entry in entries if entry.model and entry.model.classifier.is_elsewhere]
