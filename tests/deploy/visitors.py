"""Callers from many addresses over TLS, each with a connection of its own, who come whoever is answered."""

import http.client
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from tests.deploy.proxy import Proxy
from tests.e2e.crowd import body, content_type

_ADDRESSES = 200  # of the loopback: together within nginx's limit for one
_AT_ONCE = 400
_PATIENCE_S = 60


@dataclass(frozen=True)
class Visit:
    """One request: when it was due and when it had its answer (monotonic seconds); *status* 0: it broke."""

    due: float
    ended: float
    status: int
    request_id: str
    fault: str = ""

    @property
    def latency_s(self) -> float:
        return self.ended - self.due


class Visitors:
    """Who sends *upload* to /predict behind *proxy*."""

    def __init__(self, proxy: Proxy, upload: bytes) -> None:
        self.visits: list[Visit] = []
        self._proxy, self._body = proxy, body(upload)
        self._context = proxy.context()
        self._numbers = count()

    def visit(self, due: float) -> None:
        """Send one and keep what became of it."""
        number = next(self._numbers)
        source, request_id = (f"127.0.1.{number % _ADDRESSES + 1}", 0), f"visit-{number:08}"
        connection = http.client.HTTPSConnection(
            "localhost", self._proxy.port, timeout=_PATIENCE_S, context=self._context, source_address=source
        )
        headers = {"Content-Type": content_type(), "X-Request-ID": request_id}
        try:
            connection.request("POST", "/predict", self._body, headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            fault = "" if answer.status == 200 else text
            self.visits.append(Visit(due, time.monotonic(), answer.status, request_id, fault))
        except (OSError, http.client.HTTPException) as error:
            self.visits.append(Visit(due, time.monotonic(), 0, request_id, repr(error)))
        finally:
            connection.close()

    def peak(self, seconds: float, at_once: int = 8) -> float:
        """Answers a second to so many who come again as soon as they are answered."""
        end = time.monotonic() + seconds

        def again() -> None:
            while (now := time.monotonic()) < end:
                self.visit(now)

        before = len(self.visits)
        together([again] * at_once)
        return (len(self.visits) - before) / seconds

    @contextmanager
    def coming(self, arrivals: Iterable[float]) -> Iterator[threading.Event]:
        """Let them come at *arrivals* (seconds from now), or until the event is set; all are answered at the end."""
        over = threading.Event()
        thread = threading.Thread(target=self._come, args=(arrivals, over))
        thread.start()
        try:
            yield over
        except BaseException:
            over.set()
            raise
        finally:
            thread.join()

    def _come(self, arrivals: Iterable[float], over: threading.Event) -> None:
        start = time.monotonic()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for arrival in arrivals:
                if over.wait(max(0.0, start + arrival - time.monotonic())):
                    return
                pool.submit(self.visit, start + arrival)


def together(tasks: Iterable[Callable[[], None]]) -> None:
    """Do all of them at once, and wait."""
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
