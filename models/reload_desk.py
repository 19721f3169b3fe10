"""Where a reload is asked for and reported: small files of all processes on this machine that use one CACHE_DIR.

<runtime folder>/reload-<hash of CACHE_DIR>/asked.json  what was asked for last
/turn.lock   held by the one that reloads
/<pid>.json  what a process serves and what it did last; it holds a lock on it while it lives
"""

import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from models.errors import ArtifactError
from models.machine import locked, runtime_folder

_ASKED, _TURN = "asked.json", "turn.lock"
_TRIES, _PAUSE_S = 50, 0.01


class Asked(BaseModel):
    """Reload *names*. *number* is above that of every request before: the nanoseconds of the clock, or one more."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    names: tuple[str, ...]


class Done(BaseModel):
    """What a process made of the request *number*: by name why it was not reloaded, empty where it was.

    *serves*: the names that it was started with. *is_prompt*: it looks for requests all the time; a process that does
    jobs looks before the next one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    serves: tuple[str, ...]
    is_prompt: bool = True
    outcomes: dict[str, str] = {}


class ReloadDesk:
    """Those files."""

    def __init__(self, cache_dir: Path) -> None:
        """Raises: ArtifactError: nothing can be written anywhere."""
        name = hashlib.sha256(str(cache_dir.resolve()).encode()).hexdigest()[:12]
        self.folder = runtime_folder() / f"reload-{name}"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one who asks, until the end.  Raises: ArtifactError: somebody else asks."""
        self.folder.mkdir(exist_ok=True)
        with locked(self.folder) as is_ours:
            if not is_ours:
                raise ArtifactError("another reload is under way")
            yield

    @contextmanager
    def turn(self) -> Iterator[bool]:
        """Say whether it is this process's turn, and keep it until the end: one reloads while its siblings serve."""
        with locked(self.folder / _TURN, flags=os.O_RDWR | os.O_CREAT) as is_ours:
            yield is_ours

    def ask(self, names: tuple[str, ...]) -> Asked:
        """Ask every process that serves one of *names* to reload it. Call while `alone`."""
        # Cleaners empty such folders under running services: no report of old must pass for an answer, not even that of
        # a process that is not known again yet. Hence no count from 1.
        before = [self.asked().number, *(done.number for done in self.living().values())]
        asked = Asked(number=max(time.time_ns(), max(before) + 1), names=names)
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

    def register(self, done: Done) -> IO[str]:
        """Say that this process lives; return the locked file of its reports.  Raises: OSError."""
        path = self.folder / f"{os.getpid()}.json"
        for _ in range(_TRIES):
            self.folder.mkdir(exist_ok=True)
            try:
                file = path.open("w+", encoding="utf-8")
            except FileNotFoundError:  # the last of the others has just taken the folder with it
                continue
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                report(file, done)
                if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    return file
            except BlockingIOError:  # somebody looks whether it is a dead process's
                time.sleep(_PAUSE_S)
            except OSError:
                path.unlink(missing_ok=True)
                file.close()
                raise
            file.close()  # taken, before it was locked, for the file of a process that is gone
        raise OSError(f"{path} is another's")

    def living(self) -> dict[int, Done]:
        """Return what each process that lives did last, by pid; the files of those that are gone are removed."""
        return dict(self._living())

    def _living(self) -> Iterator[tuple[int, Done]]:
        for path in self.folder.glob("[0-9]*.json"):
            try:
                with locked(path) as is_left:
                    if is_left:
                        path.unlink(missing_ok=True)
                    else:
                        yield int(path.stem), Done.model_validate_json(path.read_bytes())
            except (FileNotFoundError, ValidationError):
                continue  # gone meanwhile, or not whole yet: the next look finds it


def report(file: IO[str], done: Done) -> None:
    """Write it over the last one.  Raises: OSError: the disk is full."""
    file.seek(0)
    file.write(done.model_dump_json())
    file.truncate()
    file.flush()
