"""What depends on the machine is kept apart from what is portable: where it lies, and how it is made only once.

In `machine/` beside the manifest, or, where that can't be written (a read-only image), in a folder of ours under the
runtime directory.
"""

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from pathlib import Path
from stat import S_ISDIR

from models.errors import ArtifactError

BESIDE = "machine"  # name of the folder beside the manifest


def machine_folders(build: Path) -> Iterator[Path]:
    """Yield where the machine half of the prepared model in *build* may lie, best first; none need exist."""
    yield build / BESIDE
    yield from (folder / "packed" for folder in _runtime_folders())


def runtime_folder() -> Path:
    """Return a folder for what lives as long as the machine runs: ours alone, in memory where /dev/shm is there.

    Raises: ArtifactError: there is no place for one.
    """
    folder = next(_runtime_folders(), None)
    if folder is None:
        raise ArtifactError("neither /dev/shm nor the folder for temporary files can be written")
    return folder


def _runtime_folders() -> Iterator[Path]:
    for parent in ("/dev/shm", None):  # noqa: S108  # checked below: ours alone, no link
        try:
            folder = Path(parent or tempfile.gettempdir()) / f"triptych-{os.geteuid()}"
            folder.mkdir(mode=0o700, exist_ok=True)
            stat = folder.lstat()
        except OSError:  # gettempdir's too, where nothing at all can be written
            continue
        if S_ISDIR(stat.st_mode) and stat.st_uid == os.geteuid() and not stat.st_mode & 0o077:
            yield folder


@contextmanager
def made_once(path: Path) -> Iterator[None]:
    """Let one process at a time make *path*; its folder is made first.  Raises: OSError: nothing can be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def locked(path: Path, flags: int = os.O_RDONLY) -> Iterator[bool]:
    """Say whether the lock on a file or folder could be had at once; keep it until the end.

    *flags* it is opened with; a file that is made by them stays.  Raises: OSError.
    """
    handle = os.open(path, flags, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


@cache
def instructions_name() -> str:
    """Return a short name for what packing depends on: the CPU's instruction sets and LiteRT's version."""
    return _short_hash(_cpu("flags", "Features"))


@cache
def machine_name(cores: int) -> str:
    """Return a short name for what speeds depend on: that, the CPU's model, and how many cores we may use."""
    return _short_hash(f"{instructions_name()} {cpu_model()} {cores}")


def cpu_model() -> str:
    """Return what the CPU calls itself, or the architecture where it has no name."""
    return _cpu("model name").partition(": ")[2] or os.uname().machine


def _cpu(*fields: str) -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    return next((line for line in lines if line.startswith(fields)), "")


def _short_hash(text: str) -> str:
    return hashlib.sha256(f"{metadata.version('ai-edge-litert')} {text}".encode()).hexdigest()[:12]
