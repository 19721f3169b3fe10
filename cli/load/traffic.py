"""The exchanges under way, watched by one epoll set. Imports the standard library only."""

import select
import time
from collections.abc import Sequence
from itertools import cycle

from cli.load.exchange import Exchange, Request, State
from cli.load.tally import Tally


class Traffic:
    """The exchanges under way, and what became of those that ended after *opens* (monotonic seconds).

    Several requests are sent in turn.
    """

    def __init__(self, request: Request | Sequence[Request], opens: float, seconds: float, timeout_s: float) -> None:
        self.tally = Tally(seconds)
        self._requests = cycle([request] if isinstance(request, Request) else request)
        self._opens, self._timeout_s = opens, timeout_s
        self._poll = select.epoll()
        self._open: dict[int, Exchange] = {}  # the oldest first, as dicts keep their order

    def __len__(self) -> int:
        """How many exchanges are under way."""
        return len(self._open)

    def close(self) -> None:
        """Drop what is under way."""
        self._poll.close()
        for exchange in self._open.values():
            exchange.socket.close()

    def begin(self, began: float) -> None:
        """Start an exchange whose latency counts from *began* (monotonic seconds)."""
        exchange = Exchange(next(self._requests), began)
        if exchange.state.over:
            self._end(exchange)
            return
        self._open[exchange.socket.fileno()] = exchange
        self._poll.register(exchange.socket, _wanted(exchange))

    def proceed(self, wait_s: float) -> None:
        """Wait at most *wait_s* for something to happen, and let it."""
        for number, _ in self._poll.poll(max(0.0, wait_s)):
            exchange = self._open[number]
            was_sending = exchange.state is State.SENDING
            exchange.proceed()
            if exchange.state.over:
                del self._open[number]
                self._end(exchange)
            elif was_sending and exchange.state is State.WAITING:
                self._poll.modify(number, _wanted(exchange))
        self._expire(time.monotonic() - self._timeout_s)

    def _expire(self, before: float) -> None:
        while self._open:
            number, exchange = next(iter(self._open.items()))
            if exchange.began > before:
                return
            del self._open[number]
            exchange.socket.close()
            self.tally.timeouts += 1

    def _end(self, exchange: Exchange) -> None:
        exchange.socket.close()  # which also takes it out of the epoll set
        now, tally = time.monotonic(), self.tally
        if exchange.state is State.RESET:
            tally.resets += 1
        elif exchange.status == 503:
            if exchange.retry_after:
                tally.refused.append(now - exchange.began)
            else:
                tally.refused_without += 1
        elif exchange.status != 200:
            tally.others[exchange.status] += 1
        elif now >= self._opens:
            tally.ok.append(now - exchange.began)
            tally.ok_at.append(now - self._opens)


def _wanted(exchange: Exchange) -> int:
    sending = exchange.state is State.SENDING
    return select.EPOLLIN | (select.EPOLLOUT if sending else 0)
