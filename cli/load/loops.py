"""A load generator for one machine: it shares the cores with what it loads, and must cost them little.

One thread, one connection a request, never waiting for one. Imports the standard library only. A 175 KB photo costs it
what it costs wrk, 0.45 ms of a core on a slow machine, nearly all of it the kernel's; the service's rate and p50 are
the same under both (medians of 5 and 7 pairs: 1.01 and 0.995), and wrk has no open loop.
"""

import random
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing

from cli.load.exchange import Request
from cli.load.tally import Tally
from cli.load.traffic import Traffic

TIMEOUT_S = 30.0
_LONG_S = 0.1  # the longest sleep, so that timeouts are noticed


def closed_loop(
    request: Request | Sequence[Request],
    connections: int,
    seconds: float,
    ramp_s: float = 1.0,
    timeout_s: float = TIMEOUT_S,
) -> Tally:
    """Keep *connections* requests under way; count the good answers from *ramp_s* on, for *seconds*.

    The ramp makes the window one of steady state, so that what is half done at its ends cancels out. Requests still
    under way at the end are waited for: the next run finds an idle service.
    """
    used, opens = time.thread_time(), time.monotonic() + ramp_s
    with closing(Traffic(request, opens, seconds, timeout_s)) as traffic:
        while (now := time.monotonic()) < opens + seconds:
            for _ in range(connections - len(traffic)):
                traffic.begin(now)
            traffic.proceed(_LONG_S)
        while len(traffic):
            traffic.proceed(_LONG_S)
    traffic.tally.cpu_s = time.thread_time() - used
    return traffic.tally


def open_loop(request: Request, arrivals: Iterable[float], seconds: float, timeout_s: float = TIMEOUT_S) -> Tally:
    """Send a request at each of *arrivals* (seconds from now), however slow the answers are.

    Latency counts from the arrival, not from when we got round to sending. *seconds* is the window of `Tally.rate`.
    """
    used, start = time.thread_time(), time.monotonic()
    due = deque(arrivals)
    with closing(Traffic(request, start, seconds, timeout_s)) as traffic:
        while due or len(traffic):
            while due and start + due[0] <= time.monotonic():
                traffic.begin(start + due.popleft())
            next_s = start + due[0] - time.monotonic() if due else _LONG_S
            traffic.proceed(min(next_s, _LONG_S))
    traffic.tally.cpu_s = time.thread_time() - used
    return traffic.tally


def poisson(rate: float, seconds: float, seed: int = 1) -> Iterator[float]:
    """Yield arrivals at *rate* a second for *seconds*, as independent callers make them."""
    rng, at = random.Random(seed), 0.0  # noqa: S311  # nothing is kept secret with it
    while (at := at + rng.expovariate(rate)) < seconds:
        yield at


def fixed(rate: float, seconds: float) -> Iterator[float]:
    """Yield arrivals at *rate* a second for *seconds*, evenly spaced."""
    return (number / rate for number in range(int(rate * seconds)))
