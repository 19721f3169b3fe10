"""The files in a metrics folder: one a process and kind; those of the dead are added up in one archive a kind.

Without that every worker that dies leaves its files for ever; without the archive its counts would be lost, and what
only ever grows would shrink. Scrapes and the master hold a lock, so that nothing is counted twice or not at all.
"""

import fcntl
import json
import logging
import math
import os
import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

log = logging.getLogger(__name__)

_KINDS = ("counter", "histogram")  # those of live gauges are removed: a dead worker has nothing in flight
_ARCHIVE = "archive"
# What a worker's files can come to: their pages are taken at its start, because one that is missing later, on a full
# /dev/shm, is a SIGBUS.
_GAUGES = ("gauge_livesum", "gauge_livemin", "gauge_livemax")
_RESERVED_BYTES = {"counter": 64 << 10, "histogram": 256 << 10} | dict.fromkeys(_GAUGES, 64 << 10)
_ENTRY_BYTES = 32  # of a file at most, besides its key: its length, up to 8 to align it, two doubles
# Whatever bytes that are no such file, or only half of one, provoke in prometheus_client.
UNREADABLE = (OSError, ValueError, RuntimeError, LookupError, TypeError, AttributeError, struct.error, MemoryError)


@contextmanager
def reading(folder: Path) -> Iterator[list[str]]:
    """Lend the files in *folder*, which stay as they are meanwhile.  Raises: OSError: the folder is gone."""
    with _locked(folder, fcntl.LOCK_SH):
        yield [str(path) for path in sorted(folder.glob("*.db")) if _is_filled(path)]


def reserve(folder: Path, pid: int) -> None:
    """Take the memory for the files of process *pid*, this one; where there is none it counts for itself, unseen."""
    try:
        for name, size in _RESERVED_BYTES.items():
            file = os.open(folder / f"{name}_{pid}.db", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(file, 0, size)
            finally:
                os.close(file)
    except OSError as error:
        log.error("no metrics of process %d: %s", pid, error)
        values.ValueClass = values.MutexValue


def bury(folder: Path, alive: Collection[int]) -> None:
    """Archive what processes that are not *alive* counted; called by the master alone.

    While a scrape reads, only gauges go: the master never waits for a worker, and the next call finds the rest.
    """
    owners = {*map(str, alive)}
    try:
        for gauge in folder.glob("gauge_live*.db"):
            if _owner(gauge) not in owners:
                gauge.unlink()
        with _locked(folder, fcntl.LOCK_EX | fcntl.LOCK_NB):
            for kind in _KINDS:
                dead = [path for path in folder.glob(f"{kind}_*.db") if _owner(path) not in owners]
                if any(_owner(path) != _ARCHIVE for path in dead):
                    _archive(folder / f"{kind}_{_ARCHIVE}.db", dead)
    except BlockingIOError:
        return
    except OSError as error:
        log.error("the counts of dead workers stay where they are: %s", error)


def _archive(archive: Path, dead: Iterable[Path]) -> None:
    """Replace *dead*, the old archive among them, by one file that counts what they count together."""
    sums: dict[str, float] = defaultdict(float)
    for path in dead:
        for key, value in _readable(path):
            sums[key] += value
    made = archive.with_suffix(".tmp")
    made.unlink(missing_ok=True)
    with made.open("wb") as file:
        size = sum(len(key.encode()) + _ENTRY_BYTES for key in sums) + _ENTRY_BYTES
        os.posix_fallocate(file.fileno(), 0, size)  # else a full /dev/shm would be the master's SIGBUS
    counts = MmapedDict(str(made))
    for key, value in sums.items():
        counts.write_value(key, value, 0.0)
    counts.close()
    made.replace(archive)
    for path in dead:
        if path != archive:
            path.unlink()


def _readable(path: Path) -> Iterator[tuple[str, float]]:
    """Yield what a scrape could read too, up to where the file is broken: else the archive would be."""
    try:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            _, _, labels, _ = json.loads(key)
            if not isinstance(labels, dict) or not 0 <= value < math.inf:
                raise ValueError(f"{key} {value} is no count")
            yield key, value
    except UNREADABLE as error:
        log.error("%s can't be read to its end: %s", path.name, error)


def _is_filled(path: Path) -> bool:
    """Say whether there is something in it: not while it is being made, nor when the master has removed a gauge's."""
    try:
        return path.stat().st_size > 0
    except FileNotFoundError:
        return False


def _owner(path: Path) -> str:
    return path.stem.rpartition("_")[2]


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, how)
        yield
    finally:
        os.close(file)
