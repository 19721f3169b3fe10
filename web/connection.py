"""An accepted connection: how long it is heard and answered, whether its caller is still there, and how it ends."""

import errno
import math
import os
import select
import socket
import time
from typing import Any

from web.lingering import Lingering

# Received at once. Gunicorn keeps what is left of each piece in a buffer that it copies with every read of Werkzeug's,
# which are of this size: pieces of a megabyte cost 10 ms for a photo of 2.8 MB.
_TAKE_BYTES = 64 << 10


class Connection(socket.socket):
    """What Gunicorn reads a request from and writes its answer to.

    Nothing is received past *ends_at* and nothing sent past *gone_at* (both of `time.monotonic()`): neither a slow
    sender nor a slow reader holds the worker for longer. What Gunicorn half-closes at the end lingers with the others
    instead of being waited for: its `close_graceful` shuts down, reads until the other side has closed, and closes.
    """

    lingering: Lingering
    ends_at: float = math.inf
    gone_at: float = math.inf
    waited_s: float = 0.0  # until a worker accepted it
    _lent = False

    def shutdown(self, how: int) -> None:
        """Half-close, and let it linger on a descriptor of its own."""
        if how == socket.SHUT_WR and not self._lent:
            self._lent = True
            own = os.dup(self.fileno())
            self.lingering.add(socket.socket(self.family, self.type, self.proto, fileno=own))
        else:
            super().shutdown(how)

    def recv(self, size: int, *flags: int) -> bytes:
        """Return what has arrived; nothing once it lingers.  Raises: TimeoutError: *ends_at* has come."""
        if self._lent:
            return b""
        try:
            self._wait_until(self.ends_at)
            return super().recv(min(size, _TAKE_BYTES), *flags)
        except TimeoutError:
            raise _too_slow("sender") from None

    def sendall(self, data: Any, *flags: int) -> None:
        """Send all of it.  Raises: TimeoutError: *gone_at* has come."""
        try:
            self._wait_until(self.gone_at)
            super().sendall(data, *flags)
        except TimeoutError:
            raise _too_slow("reader") from None

    def has_left(self) -> bool:
        """Say whether the caller has closed. Half-closing looks the same; no HTTP client does it."""
        poll = select.poll()
        poll.register(self.fileno(), select.POLLRDHUP)
        return bool(poll.poll(0))

    def _wait_until(self, end: float) -> None:
        if end == math.inf:
            return
        left_s = end - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        self.settimeout(left_s)


def _too_slow(who: str) -> TimeoutError:
    # With this number Gunicorn lets go without a word.
    return TimeoutError(errno.ENOTCONN, f"the {who} was too slow")
