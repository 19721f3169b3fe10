"""Connections that are answered and half closed: read empty and closed when the other side has closed.

A connection closed on unread bytes is reset, and its sender may never see the answer (RFC 9112, section 9.6). Waiting
for each would hold the worker for a round trip, or for as long as a sender likes; so all of them wait here together.
"""

import socket
import time
from collections import deque
from contextlib import suppress

_LINGER_S = 2.0  # as Gunicorn's own close_graceful
_MOST = 256  # connections; beyond, the oldest is closed on whatever it still sends
_DISCARD_BYTES = 1 << 20  # taken from a connection at once
_ROUNDS = 8  # of that before the others get their turn


class Lingering:
    """The half-closed connections of one worker. Used by its one thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[socket.socket, float]] = deque()
        self._bin = bytearray(_DISCARD_BYTES)

    def add(self, connection: socket.socket) -> None:
        """Half-close *connection* and take it over."""
        connection.setblocking(False)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)
        self._waiting.append((connection, time.monotonic() + _LINGER_S))
        if len(self._waiting) > _MOST:
            self._waiting.popleft()[0].close()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def filenos(self) -> list[int]:
        """Return what to wait for with `select`."""
        return [connection.fileno() for connection, _ in self._waiting]

    def drain(self) -> None:
        """Throw away what has arrived; close what the other side has closed, and what has had its time."""
        now = time.monotonic()
        for _ in range(len(self._waiting)):
            connection, until = self._waiting.popleft()
            if now < until and self._is_open(connection):
                self._waiting.append((connection, until))
            else:
                connection.close()

    def _is_open(self, connection: socket.socket) -> bool:
        try:
            for _ in range(_ROUNDS):
                # MSG_TRUNC on TCP discards without copying (Linux, tcp(7))
                if connection.recv_into(self._bin, 0, socket.MSG_TRUNC) == 0:
                    return False
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True
