"""Who is served now, and who is told to come again: decided by how many connections wait, before a byte is parsed.

The queue is the kernel's: connections that no worker has accepted yet, all workers' together. Each worker takes the
oldest. While it and those behind it are more than may wait, it is refused; so those that are served have waited little,
however many call. One that would not be answered within its deadline is refused too.
"""

import math
import socket
import struct
import time
from collections.abc import Callable

_TCP_INFO_BYTES = 60
# struct tcp_info of <linux/tcp.h>: at 24 tcpi_unacked, for a listener the length of its queue; at 52
# tcpi_last_data_recv, milliseconds since the other side last sent something.
_TCP_INFO = struct.Struct("@24xI24xI4x")
_FIRST_SERVICE_S = 0.1  # until the first one is measured
_WEIGHT = 0.2  # of the newest service in the running mean
_LONGEST_S = 60  # of Retry-After


def waiting_connections(listener: socket.socket) -> int:
    """Return how many connections wait to be accepted; 0 where the kernel does not tell (a Unix socket)."""
    return _tcp_info(listener)[0]


def silent_s(connection: socket.socket) -> float:
    """Return for how long nothing has come from the other side: of a request that is all there, how long it waited."""
    return _tcp_info(connection)[1] / 1e3


def _tcp_info(either: socket.socket) -> tuple[int, int]:
    try:
        unacked, last_data_recv_ms = _TCP_INFO.unpack(
            either.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
        )
    except OSError:
        return 0, 0
    return unacked, last_data_recv_ms


class Admission:
    """One worker's share of the decision.

    *most*: connections that may wait for all workers together, the oldest included. *deadline_s*: within which each is
    answered. `Retry-After` is when there is room: the time that those who wait need, and those who were refused before
    and will come again by then, served at the pace seen lately.
    """

    def __init__(self, most: int, deadline_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._deadline_s = deadline_s
        self._clock = clock
        self._workers = 1
        self._waiting: Callable[[], int] = lambda: 0
        self._service_s = _FIRST_SERVICE_S
        self._refused = 0.0  # by this worker, and not yet made up for
        self._since = clock()

    def open(self, waiting: Callable[[], int], workers: int) -> None:
        """Begin: *waiting* tells how many connections wait for all *workers* together."""
        self._waiting = waiting
        self._workers = workers

    def refuses(self, waited_s: float = 0.0) -> bool:
        """Say whether the oldest connection, that has just been accepted after *waited_s*, is to be refused."""
        # A service is never taken for longer than half of the deadline: one slow moment must not refuse for ever.
        late = waited_s + min(self._service_s, self._deadline_s / 2) > self._deadline_s
        return late or self._waiting() >= self._most

    def fair_share(self, cores: int) -> int:
        """Return how many of *cores* one request may take now: all, but its worker's share while others wait.

        Those will be with the other workers in a moment, and then want the cores that are idle now: in a crowd of 8 on
        two cores a request in 20 took both and made another wait for a core, 8 % of the rate.
        """
        return max(1, cores // self._workers) if self._waiting() else cores

    def served(self, service_s: float) -> None:
        """Take note of how long a request took."""
        self._service_s += _WEIGHT * (service_s - self._service_s)

    def retry_after_s(self) -> int:
        """Count one refusal; return the whole seconds after which there is room for it."""
        now = self._clock()
        self._refused = max(0.0, self._refused - (now - self._since) / self._service_s) + 1
        self._since = now
        ahead = self._waiting() / self._workers + self._refused
        return min(_LONGEST_S, max(1, math.ceil(ahead * self._service_s)))
