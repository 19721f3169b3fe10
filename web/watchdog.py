"""A worker that hangs in a request is ended by the kernel, and Gunicorn replaces it.

A thread could not do it: CompiledModel holds the GIL while it runs, so that nothing of Python's runs beside it. A
timer's signal needs no GIL, and its handler is faulthandler's, in C: it writes the traceback of every thread to stderr
and lets the signal end the process. With it go its core locks, its share of the listener and its connection.
"""

import faulthandler
import mmap
import signal
import struct
import sys
import time
from enum import StrEnum

_SINCE = struct.Struct("@d")
_OVER = _SINCE.size  # where the byte is that says that it ended in good order
_TOLD = _OVER + 1  # and the one that says that it was told to


class Ending(StrEnum):
    """Why a worker is gone."""

    TOLD = "told"  # by the master, or by its own count of requests
    HUNG = "hung"  # by the watchdog
    SILENT = "silent"  # by Gunicorn's timeout: it did not come to accept
    KILLED = "killed"  # by another signal, the kernel's for want of memory included; or a crash


class Life:
    """What a worker leaves behind, in memory it shares with the master: since when it serves one request, if it does.

    Made in the master, before the fork.
    """

    def __init__(self) -> None:
        self._page = mmap.mmap(-1, _TOLD + 1)

    def busy(self, since: float) -> None:
        """In the worker. *since*: monotonic seconds; 0: between requests."""
        _SINCE.pack_into(self._page, 0, since)

    def told(self) -> None:
        """In the worker, when it is told to end."""
        self._page[_TOLD] = 1

    @property
    def was_told(self) -> bool:
        """Say whether it was told to end, however it did then."""
        return bool(self._page[_TOLD])

    def over(self) -> None:
        """In the worker, when it ends in good order."""
        self._page[_OVER] = 1

    def ending(self, limit_s: float, *, was_silent: bool) -> Ending:
        """In the master, once the worker is gone."""
        if was_silent:
            return Ending.SILENT
        if self._page[_OVER]:
            return Ending.TOLD
        (since,) = _SINCE.unpack_from(self._page)
        return Ending.HUNG if since and time.monotonic() - since >= limit_s else Ending.KILLED


class Watchdog:
    """Ends this process when one block of `with` takes longer than *limit_s*. For the main thread."""

    def __init__(self, limit_s: float, life: Life) -> None:
        self._limit_s = limit_s
        self._life = life

    def start(self) -> None:
        """Say what the timer's signal does. Called in the worker: timers and files are its own."""
        signal.signal(signal.SIGALRM, signal.SIG_DFL)  # which ends a process; the master has a handler
        faulthandler.register(signal.SIGALRM, file=sys.stderr, all_threads=True, chain=True)

    def __enter__(self) -> None:
        self._life.busy(time.monotonic())
        signal.setitimer(signal.ITIMER_REAL, self._limit_s)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._life.busy(0.0)
