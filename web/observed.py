"""The application, with every request recorded and counted."""

import time
from collections.abc import Callable, Iterable
from typing import Any

from web.metrics import Metrics
from web.record import ENVIRON_KEY, Record

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class Observed:
    """A WSGI application around another."""

    def __init__(self, inner: Application, metrics: Metrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer one request; ours are whole when this returns, so what follows is only their sending."""
        record = environ[ENVIRON_KEY] = Record()
        status = 500  # where it ends without one

        def started(line: str, *rest: Any) -> Any:
            nonlocal status
            status = int(line[:3])
            return start_response(line, *rest)

        self._metrics.begins()
        start = time.monotonic()
        try:
            return self._inner(environ, started)
        finally:
            self._metrics.ends(environ["REQUEST_METHOD"], status, time.monotonic() - start, record)
