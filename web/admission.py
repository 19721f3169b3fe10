"""Who is served now, and who is told to come again: decided by how many connections wait, before a byte is parsed.

The queue is the kernel's: connections that no worker has accepted yet, all workers' together. Each worker takes the
oldest. While it and those behind it are more than may wait, it is refused; so those that are served have waited little,
however many call.
"""

import math
import socket
import struct
import time
from collections.abc import Callable

_TCP_INFO_BYTES = 32  # struct tcp_info of <linux/tcp.h>: for a listener, tcpi_unacked at 24 is the length of its queue
_UNACKED = struct.Struct("@24xI")
_FIRST_SERVICE_S = 0.1  # until the first one is measured
_WEIGHT = 0.2  # of the newest service in the running mean
_LONGEST_S = 60  # of Retry-After


def waiting_connections(listener: socket.socket) -> int:
    """Return how many connections wait to be accepted; 0 where the kernel does not tell (a Unix socket)."""
    try:
        return int(_UNACKED.unpack_from(listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES))[0])
    except OSError:
        return 0


class Admission:
    """One worker's share of the decision.

    *most*: connections that may wait for all *workers* together, the oldest included. `Retry-After` is when there is
    room: the time that those who wait need, and those who were refused before and will come again by then, served at
    the pace seen lately.
    """

    def __init__(self, most: int, workers: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._workers = workers
        self._clock = clock
        self._service_s = _FIRST_SERVICE_S
        self._refused = 0.0  # by this worker, and not yet made up for
        self._since = clock()

    def refuses(self, waiting: int) -> bool:
        """Say whether the oldest connection is to be refused while *waiting* others wait behind it."""
        return waiting >= self._most

    def served(self, service_s: float) -> None:
        """Take note of how long a request took."""
        self._service_s += _WEIGHT * (service_s - self._service_s)

    def retry_after_s(self, waiting: int) -> int:
        """Count one refusal; return the whole seconds after which there is room for it."""
        now = self._clock()
        self._refused = max(0.0, self._refused - (now - self._since) / self._service_s) + 1
        self._since = now
        ahead = waiting / self._workers + self._refused
        return min(_LONGEST_S, math.ceil(ahead * self._service_s))
