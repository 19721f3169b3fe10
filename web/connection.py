"""An accepted connection: how long it is heard, whether its caller is still there, and how it ends."""

import errno
import math
import os
import select
import socket
import time
from typing import Any

from web.lingering import Lingering


class Connection(socket.socket):
    """What Gunicorn reads a request from.

    Nothing is received past *ends_at* (a `time.monotonic()`): a slow sender does not hold the worker for longer.
    What Gunicorn half-closes at the end lingers with the others instead of being waited for: its `close_graceful`
    shuts down, reads until the other side has closed, and closes.
    """

    lingering: Lingering
    ends_at: float = math.inf
    waited_s: float = 0.0  # until a worker accepted it
    _lent = False

    def shutdown(self, how: int) -> None:
        """Half-close, and let it linger on a descriptor of its own."""
        if how == socket.SHUT_WR and not self._lent:
            self._lent = True
            self.lingering.add(socket.socket(fileno=os.dup(self.fileno())))
        else:
            super().shutdown(how)

    def recv(self, *arguments: Any) -> bytes:
        """Return what has arrived; nothing once it lingers.  Raises: TimeoutError: *ends_at* has come."""
        if self._lent:
            return b""
        if self.ends_at < math.inf:
            self.settimeout(max(0.001, self.ends_at - time.monotonic()))
        try:
            return super().recv(*arguments)
        except TimeoutError:
            # With this number Gunicorn, which meets it in the head of a request, lets go without a word.
            raise TimeoutError(errno.ENOTCONN, "the sender was too slow") from None

    def has_left(self) -> bool:
        """Say whether the caller has closed. Half-closing looks the same; no HTTP client does it."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))
