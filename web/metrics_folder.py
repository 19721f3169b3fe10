"""The folder in which one master and its workers keep their counts: ours alone, in memory, gone when the master is.

prometheus_client wants its name in the environment before it is imported; so this module must not import it.
"""

import atexit
import fcntl
import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path

from models.errors import ArtifactError
from models.machine import runtime_folder

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


@cache
def of_this_process() -> Path:
    """Return this process's folder, made by the first call (HUP finds the same again) and removed when it ends.

    Its name tells a pid that is used again by when the process began.  Raises: SystemExit: there is no place for one.
    """
    try:
        parent = runtime_folder() / "metrics"
    except ArtifactError as error:
        raise SystemExit(str(error)) from None
    began = Path("/proc/self/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[19]
    folder = parent / f"{os.getpid()}-{began}"
    claim(folder)
    atexit.register(_remove_at_end, folder, os.getpid())
    return folder


def shared() -> Path | None:
    """Return the folder that this process shares with others, or None: it counts for itself (tests, the flask CLI)."""
    named = os.environ.get(VARIABLE)
    return Path(named) if named else None


def claim(folder: Path) -> None:
    """Make *folder*, hold it while this process or one it forks lives, and remove those that nobody holds.

    A lock, because pids say nothing across containers that share a /dev/shm.
    """
    folder.parent.mkdir(mode=0o700, exist_ok=True)
    everybody = _opened(folder.parent)
    fcntl.flock(everybody, fcntl.LOCK_EX)  # one master at a time, so that none removes what another is about to hold
    try:
        for other in folder.parent.iterdir():
            _remove_if_left(other)
        folder.mkdir(mode=0o700)
        fcntl.flock(_opened(folder), fcntl.LOCK_EX)  # never closed
    finally:
        os.close(everybody)


def _remove_if_left(folder: Path) -> None:
    try:
        file = _opened(folder)
    except (FileNotFoundError, NotADirectoryError):
        return  # its own master has just removed it; or it is none of ours
    try:
        with suppress(BlockingIOError):  # somebody holds it
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(file)


def _remove_at_end(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # workers come through here too
        shutil.rmtree(folder, ignore_errors=True)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
