"""A newer build in the place of the one that is served, between two requests: the side of a process that serves."""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO

from models.errors import ArtifactError
from models.registry import Entry, Registry
from models.reload_desk import Asked, Done, ReloadDesk, report

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # a stat costs 2 µs


class Reloads:
    """Used by the one thread of a process. *told* hears what became of the models that are new.

    *is_prompt*: `due` is asked all the time; else only before the next piece of work, which then gets what is newest.
    Processes that are prompt take turns, so that the others serve meanwhile.
    """

    def __init__(
        self,
        find_desk: Callable[[], ReloadDesk],
        registry: Registry,
        told: Callable[[Mapping[str, Entry]], None] = lambda _: None,
        *,
        is_prompt: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find_desk, self._registry, self._told = find_desk, registry, told
        self._is_prompt, self._clock = is_prompt, clock
        self._desk: ReloadDesk | None = None
        self._file: IO[str] | None = None
        self._look_at, self._mark = 0.0, 0
        self._asked = Asked(number=0, names=())
        self._left: list[str] = []  # of what was asked for
        self._outcomes: dict[str, str] = {}
        self._turn = ExitStack()

    def start(self) -> None:
        """Say that this process lives, before it loads: what is asked for from now on concerns it.

        Where nothing can be written, on a full `/dev/shm` say, it serves all the same, and can't be asked.
        """
        try:
            desk = self._find_desk()
            desk.living()  # takes away what was left by those that were killed
            self._mark, self._asked = desk.mark(), desk.asked()
            self._file = desk.register(self._done())
            self._desk = desk
        except (OSError, ArtifactError) as error:
            log.warning("models can't be reloaded here, only at a start: %s", error)

    def due(self) -> bool:
        """Say whether there is a model to reload."""
        if self._left:
            return True
        now = self._clock()
        if self._desk is None or (self._is_prompt and now < self._look_at):
            return False
        self._look_at = now + LOOK_EVERY_S
        self._stay_known()
        return self._desk.mark() not in (0, self._mark) and self._begins(self._desk)

    def run(self) -> None:
        """Reload the next model, once one is due; a build that is no good leaves the old one in its place."""
        name = self._left.pop(0)
        self._outcomes[name] = self._registry.reload(name)
        if not self._outcomes[name]:
            self._told({name: self._registry.entries[name]})
        if not self._left:
            self._end()

    def close(self) -> None:
        """Leave: nobody waits for this process any more."""
        self._turn.close()
        if self._desk is None or self._file is None:
            return
        with suppress(OSError):
            Path(self._file.name).unlink()
            self._desk.folder.rmdir()  # where it was the last, and none was ever asked to
        self._file.close()

    def _stay_known(self) -> None:
        """Come back where somebody has emptied the folder, or taken it away."""
        if self._file and not Path(self._file.name).exists():
            self._file.close()
            self._file = None
        if self._file is None:
            with suppress(OSError, ArtifactError):
                self._desk = self._find_desk()  # makes the folder around it too
                self._file = self._desk.register(self._done())

    def _begins(self, desk: ReloadDesk) -> bool:
        """Take what is asked for, in this process's turn; say whether any of it is served here."""
        try:
            if self._is_prompt and not self._turn.enter_context(desk.turn()):
                self._turn.close()
                return False
        except OSError as error:
            log.warning("what is asked to be reloaded can't be read: %s", error)
            return False
        self._mark, asked = desk.mark(), desk.asked()
        if asked.number == self._asked.number:
            self._turn.close()
            return False
        self._asked, self._outcomes = asked, {}
        self._left = [name for name in asked.names if name in self._registry.entries]
        if not self._left:
            self._end()
        return bool(self._left)

    def _end(self) -> None:
        self._turn.close()
        try:
            if self._file:
                report(self._file, self._done())
        except OSError as error:  # the disk is full by now: who asked waits in vain, callers do not
            log.warning("what was reloaded can't be reported: %s", error)

    def _done(self) -> Done:
        return Done(
            number=self._asked.number,
            serves=tuple(self._registry.entries),
            is_prompt=self._is_prompt,
            outcomes=self._outcomes,
        )
