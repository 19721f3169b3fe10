"""The servers that are up: started when a row first needs them, kept while a later one does."""

from collections.abc import Callable, Collection
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from bench.services import Running, running
from bench.subject import Subject
from cli.load.exchange import Request
from cli.load.loops import closed_loop

_WARM_CONNECTIONS = 8


class Fleet:
    """Starts and stops servers. *photo* warms them; *say* is told what is waited for."""

    def __init__(self, photo: Path, say: Callable[[str], None]) -> None:
        self._photo, self._say = photo, say
        self._up: dict[Subject, tuple[Running, ExitStack]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.keep(())

    def get(self, subject: Subject) -> Running:
        """Return the running server, started and warmed if it was not.  Raises: RowFailed."""
        if subject not in self._up:
            self._say(f"start {subject.name}")
            with ExitStack() as stack:
                server = stack.enter_context(running(subject))
                request = Request.upload(server.url, self._photo.read_bytes())
                closed_loop(request, _WARM_CONNECTIONS, subject.warm_s, ramp_s=0)
                self._up[subject] = server, stack.pop_all()
        return self._up[subject][0]

    def keep(self, subjects: Collection[Subject]) -> None:
        """Stop all but *subjects*."""
        for subject in [each for each in self._up if each not in subjects]:
            self._up.pop(subject)[1].close()
