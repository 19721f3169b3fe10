"""The cores of this machine, shared by every process that serves: a lone request gets all, a crowd one each.

A file stands for the cores: byte i for core i, locked by who uses it, and one more for those who wait. They are
open-file-description locks (fcntl(2), Linux), so that threads count like processes, and the kernel gives back the
cores of a process that is killed, at once.
"""

import fcntl
import os
import struct
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_THREADS = 8  # of one inference: more bring a small network little and cost each worker a pool of threads
_WAITING = 1 << 20  # the byte that all waiters lock for reading; far above any core
_NEXT = _WAITING + 1  # the byte that the first of them locks
# More than any wait without a fault: cores are given back after each image or network. Who holds them all hangs; until
# the watchdog ends it, the others share what there is.
_PATIENCE_S = 1.0
_LOOK_S = 0.001  # how often it looks for an idle core: a twentieth of the quickest inference


def powers_of_two(cores: int, most: int | None = None) -> tuple[int, ...]:
    """Return 1, 2, 4 ... up to *cores* and *most* (None: MOST_THREADS): the threads that an inference may be given."""
    return tuple(1 << power for power in range(min(cores, most or MOST_THREADS).bit_length()))


class Lease:
    """Cores held for one request: one at first (or none, where others hang on all of them), more by `grow`."""

    def __init__(self, file: int, count: int, most: Callable[[], int], waited_s: float, first: int | None) -> None:
        self.waited_s = waited_s
        self._file = file
        self._count = count
        self._most = most
        self._held = [] if first is None else [first]

    @property
    def is_held(self) -> bool:
        """Say whether there is one at all."""
        return bool(self._held)

    def grow(self) -> int:
        """Take the cores that are idle now, unless somebody waits for one; return how many may be used: 1, 2, 4 ..."""
        most = self._most()
        if most > len(self._held) and not _is_locked(self._file, _WAITING):
            for core in range(self._count):
                if len(self._held) < most and core not in self._held and _try(self._file, core):
                    self._held.append(core)
        usable = 1 << (max(1, len(self._held)).bit_length() - 1)
        for core in self._held[usable:]:
            _lock(self._file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, core)
        del self._held[usable:]
        return usable


class Cores:
    """*count* cores, shared through the file at *path* (which every sharing process names, and any may create).

    One inference gets at most *most* of them, a power of two (None: MOST_THREADS): as many as it has threads; and at
    most *share*, asked each time: cores that are idle for the moment may be wanted in the next.
    Who has waited for one in vain for *patience_s* goes ahead without.
    """

    def __init__(
        self,
        path: Path,
        count: int,
        most: int | None = None,
        patience_s: float = _PATIENCE_S,
        share: Callable[[], int] = lambda: sys.maxsize,
    ) -> None:
        self._path = path
        self._patience_s = patience_s
        self._share = share
        self.count = count
        self._most = powers_of_two(count, most)[-1]
        self._is_patient = True

    @contextmanager
    def lease(self) -> Iterator[Lease]:
        """Wait for a core and hold it; what is held at the end of the block is given back.

        Who has once waited in vain does not wait again, until there was one.
        """
        start = time.monotonic()
        file = self._open()
        try:
            first = self._first(file, start + self._patience_s if self._is_patient else start)
            self._is_patient = first is not None
            yield Lease(file, self.count, self._limit, time.monotonic() - start, first)
        finally:
            os.close(file)  # and with it every lock

    def in_use(self) -> int:
        """Return how many cores somebody holds now."""
        file = self._open()
        try:
            return sum(_is_locked(file, core) for core in range(self.count))
        finally:
            os.close(file)

    def _limit(self) -> int:
        return min(self._most, self._share())

    def _open(self) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            return os.open(self._path, flags, 0o600)
        except FileNotFoundError:  # systemd and cleaners empty runtime folders under running services
            self._path.parent.mkdir(mode=0o700, exist_ok=True)
            return os.open(self._path, flags, 0o600)

    def _first(self, file: int, give_up: float) -> int | None:
        core = self._idle(file)
        if core is not None or time.monotonic() >= give_up:
            return core
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_RDLCK, _WAITING)
        _lock(file, fcntl.F_OFD_SETLKW, fcntl.F_WRLCK, _NEXT)
        while (core := self._idle(file)) is None and time.monotonic() < give_up:
            time.sleep(_LOOK_S)  # fcntl can't wait for any one of several bytes; only the first in the queue looks
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, _NEXT)
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_UNLCK, _WAITING)
        return core

    def _idle(self, file: int) -> int | None:
        return next((core for core in range(self.count) if _try(file, core)), None)


# struct flock of fcntl(2) on 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid (0 for these locks)
_FLOCK = struct.Struct("hhxxxxqqixxxx")


def _lock(file: int, command: int, kind: int, byte: int) -> int:
    """Call fcntl for one byte; return the l_type it answers with."""
    answer = fcntl.fcntl(file, command, _FLOCK.pack(kind, os.SEEK_SET, byte, 1, 0))
    found: int = _FLOCK.unpack(answer)[0]
    return found


def _try(file: int, byte: int) -> bool:
    try:
        _lock(file, fcntl.F_OFD_SETLK, fcntl.F_WRLCK, byte)
    except (BlockingIOError, PermissionError):  # EAGAIN or EACCES, by fcntl(2)
        return False
    return True


def _is_locked(file: int, byte: int) -> bool:
    return _lock(file, fcntl.F_OFD_GETLK, fcntl.F_WRLCK, byte) != fcntl.F_UNLCK
