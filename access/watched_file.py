"""A small file whose content is in use while others replace it."""

import logging
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from access.errors import BadFile

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 1.0  # a stat costs 2 µs, but a change need not be seen sooner
_MOST_BYTES = 1 << 20  # 4,000 keys; a device or a wrong file is not read on and on

T = TypeVar("T")


class _Mark(NamedTuple):
    """What changes when a file does."""

    mtime_ns: int
    size: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> "_Mark":
        return cls(found.st_mtime_ns, found.st_size, found.st_ino)


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)  # a pipe's open waits for who writes to it


class WatchedFile(Generic[T]):
    """A file's content as *parse* makes it (raising ValueError), never older than a second.

    A file that is gone or broken leaves the last good content in use, or *empty* where there never was any, and is
    logged once.
    """

    def __init__(
        self, path: Path, parse: Callable[[bytes], T], empty: T, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._path = path
        self._parse = parse
        self._content = self._empty = empty
        self._clock = clock
        self._mark: _Mark | None = None
        self._trouble = ""
        self._look_at = -float("inf")

    def load(self) -> None:
        """Read the file now.  Raises: BadFile."""
        try:
            self._mark, text = self._read()
            self._content = self._parse(text)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise BadFile(f"{self._path}: {reason}") from error
        self._trouble = ""

    def current(self) -> T:
        """Return the newest good content."""
        now = self._clock()
        if now >= self._look_at:
            self._look_at = now + _LOOK_EVERY_S
            self._look()
        return self._content

    def is_had(self) -> bool:
        """Say whether there is good content, be it the last."""
        return self.current() is not self._empty

    def _look(self) -> None:
        try:
            if _Mark.of(self._path.stat()) == self._mark:
                self._trouble = ""  # it may have been gone meanwhile
                return
        except OSError:
            pass  # load() says why
        try:
            self.load()
        except BadFile as error:
            if str(error) != self._trouble:
                self._trouble = str(error)
                log.error("%s; the last good content stays in use", error)
        else:
            log.info("%s was read", self._path)

    def _read(self) -> tuple[_Mark, bytes]:
        with open(self._path, "rb", opener=_without_waiting) as file:
            found = os.fstat(file.fileno())  # before reading: what is written meanwhile changes the mark
            if not stat.S_ISREG(found.st_mode):
                raise ValueError("not a regular file")
            if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                log.warning(
                    "%s can be written by others than its owner: who can write it decides who may call", self._path
                )
            return _Mark.of(found), file.read(_MOST_BYTES)
