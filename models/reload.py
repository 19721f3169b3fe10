"""A newer build in the place of the one that is served, in every process that serves it, between two requests.

<runtime folder>/reload-<hash of CACHE_DIR>/asked.json  what was asked for last
/<pid>.json  what a process did last; it holds a lock on it while it lives
"""

import fcntl
import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import ArtifactError
from models.machine import runtime_folder
from models.registry import Entry, Registry

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0  # a stat costs 2 µs
_ASKED = "asked.json"


class Asked(BaseModel):
    """Reload *names*; *number* is higher than that of any request before."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    names: tuple[str, ...]


class Done(BaseModel):
    """What a process made of the request *number*: by name why it was not reloaded, empty where it was."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    outcomes: dict[str, str] = {}


class ReloadDesk:
    """Where reloads are asked for and reported, by all who use one CACHE_DIR on this machine."""

    def __init__(self, cache_dir: Path) -> None:
        """Raises: ArtifactError: nothing can be written anywhere."""
        name = hashlib.sha256(str(cache_dir.resolve()).encode()).hexdigest()[:12]
        self.folder = runtime_folder() / f"reload-{name}"
        self.folder.mkdir(exist_ok=True)

    def ask(self, names: tuple[str, ...]) -> Asked:
        """Ask every process that serves one of *names* to reload it."""
        asked = Asked(number=time.time_ns(), names=names)
        part = self.folder / f".{os.getpid()}"
        part.write_text(asked.model_dump_json(), encoding="utf-8")
        part.replace(self.folder / _ASKED)
        return asked

    def asked(self) -> Asked:
        """Return what was asked for last; number 0 where nothing ever was."""
        try:
            return Asked.model_validate_json((self.folder / _ASKED).read_bytes())
        except (OSError, ValidationError):
            return Asked(number=0, names=())

    def mark(self) -> int:
        """Return what changes when another reload is asked for."""
        try:
            return (self.folder / _ASKED).stat().st_mtime_ns
        except OSError:
            return 0

    def living(self) -> dict[int, Done]:
        """Return what each process that lives did last, by pid; the files of those that are gone are removed."""
        return dict(self._living())

    def _living(self) -> Iterator[tuple[int, Done]]:
        for path in self.folder.glob("[0-9]*.json"):
            try:
                with path.open("rb") as file:
                    if _is_free(file):
                        path.unlink(missing_ok=True)
                    else:
                        yield int(path.stem), Done.model_validate_json(file.read())
            except (FileNotFoundError, ValidationError):
                continue  # gone meanwhile, or not whole yet: the next look finds it


class Reloads:
    """The side of a process that serves; used by its one thread. *told* hears what became of the models."""

    def __init__(
        self,
        find_desk: Callable[[], ReloadDesk],
        registry: Registry,
        told: Callable[[Mapping[str, Entry]], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """What was asked for before does not concern it: it has loaded since.

        Where nothing can be written, on a full `/dev/shm` say, it serves all the same, and can't be asked.
        """
        self._registry, self._told, self._clock = registry, told, clock
        self._desk: ReloadDesk | None = None
        self._look_at = 0.0
        try:
            desk = find_desk()
            self._mark, self._number = desk.mark(), desk.asked().number
            self._file = (desk.folder / f"{os.getpid()}.json").open("w+", encoding="utf-8")
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._report(Done(number=self._number))
            self._desk = desk
        except (OSError, ArtifactError) as error:
            log.warning("models can't be reloaded here, only at a start: %s", error)

    def due(self) -> bool:
        """Say whether a reload is asked for."""
        now = self._clock()
        if self._desk is None or now < self._look_at:
            return False
        self._look_at = now + LOOK_EVERY_S
        mark = self._desk.mark()
        if mark == self._mark:
            return False
        self._mark = mark
        return self._desk.asked().number > self._number

    def run(self) -> None:
        """Reload what is asked for, once it is due; a build that is no good leaves the old one in its place."""
        assert self._desk is not None  # noqa: S101  # it was due
        asked = self._desk.asked()
        ours = [name for name in asked.names if name in self._registry.entries]
        outcomes = {name: self._registry.reload(name) for name in ours}
        self._number = asked.number
        self._told({name: self._registry.entries[name] for name in ours})
        try:
            self._report(Done(number=asked.number, outcomes=outcomes))
        except OSError as error:  # the disk is full by now: who asked waits in vain, callers do not
            log.warning("what was reloaded can't be reported: %s", error)

    def close(self) -> None:
        """Leave: nobody waits for this process any more."""
        if self._desk is None:
            return
        with suppress(OSError):
            Path(self._file.name).unlink()
            self._desk.folder.rmdir()  # where it was the last, and none was ever asked to
        self._file.close()

    def _report(self, done: Done) -> None:
        self._file.seek(0)
        self._file.write(json.dumps(done.model_dump()))
        self._file.truncate()
        self._file.flush()


def _is_free(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
