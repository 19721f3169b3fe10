"""Connections that are answered and half closed: read empty and closed when the other side has closed.

A connection closed on unread bytes is reset, and its sender may never see the answer (RFC 9112, section 9.6). Waiting
for each would hold the worker for a round trip, or for as long as a sender likes; so all of them wait here together.
"""

import mmap
import select
import socket
import time
from collections import deque
from contextlib import suppress

_LINGER_S = 2.0  # without a byte, as Gunicorn's own close_graceful
_LONGEST_S = 30.0  # for one that goes on sending
_MOST = 256  # connections; beyond, the oldest is closed on whatever it still sends
_DISCARD_BYTES = 1 << 20  # taken from a connection at once
_ROUNDS = 8  # of that before the others get their turn
_END_S = 1.0  # for all that linger when a worker ends: Gunicorn's quick shutdown gives it two
_LOOK_S = 0.1  # how often an ending worker looks whether the time is up


class _Half:
    """A half-closed connection: when it was last heard of, and since when it has been one (monotonic seconds)."""

    def __init__(self, connection: socket.socket, now: float) -> None:
        self.connection = connection
        self._since = self._heard = now

    def is_done(self, now: float) -> bool:
        """Say whether it has had its time."""
        return now - self._heard >= _LINGER_S or now - self._since >= _LONGEST_S

    def is_open(self, now: float, bin_: mmap.mmap) -> bool:
        """Throw away what has arrived, into *bin_*; say whether the other side may send more."""
        try:
            for _ in range(_ROUNDS):
                # MSG_TRUNC on TCP discards without copying (Linux, tcp(7))
                if self.connection.recv_into(bin_, 0, socket.MSG_TRUNC) == 0:
                    return False
                self._heard = now
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True


class Lingering:
    """The half-closed connections of one worker. Used by its one thread."""

    def __init__(self) -> None:
        self._waiting: deque[_Half] = deque()
        self._bin = mmap.mmap(-1, _DISCARD_BYTES)  # its pages are never touched, so it takes no memory

    def add(self, connection: socket.socket) -> None:
        """Half-close *connection* and take it over."""
        connection.setblocking(False)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        self._waiting.append(_Half(connection, time.monotonic()))
        if len(self._waiting) > _MOST:
            self._waiting.popleft().connection.close()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def filenos(self) -> list[int]:
        """Return what to wait for with `select`."""
        return [half.connection.fileno() for half in self._waiting]

    def drain(self) -> None:
        """Throw away what has arrived; close what the other side has closed, and what has had its time."""
        now = time.monotonic()
        for _ in range(len(self._waiting)):
            half = self._waiting.popleft()
            if half.is_open(now, self._bin) and not half.is_done(now):
                self._waiting.append(half)
            else:
                half.connection.close()

    def finish(self) -> None:
        """See all of them off, for a worker that ends."""
        give_up = time.monotonic() + _END_S
        while self and time.monotonic() < give_up:
            select.select(self.filenos(), [], [], _LOOK_S)
            self.drain()
