"""One event a request: who, what, the answer, how long each part took, and the id that answers and error logs bear too.

Never what a caller may have meant for us alone: no query, header, file name, key or image byte.
"""

import logging
import re
import time
from collections import Counter
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from jobs.job import ID_DIGITS, ID_SHOWN
from web.record import ENVIRON_KEY, Record

log = logging.getLogger("gunicorn.access")

# Of a job's id, wherever and however it is written, no more than tells it from others: without credentials, who knows
# it may see and end the job.
_ONE = "(?:%[0-9A-Fa-f]{2}|[0-9a-f])"  # digit, as it may be written in a path
_JOB_ID = re.compile(rf"({_ONE}{{{ID_SHOWN}}}){_ONE}{{{ID_DIGITS - ID_SHOWN},}}")


def log_request(
    record: Record | None,
    *,
    request_id: str,
    peer: str,
    method: str,
    path: str,
    status: int,
    bytes_in: int | None,
    bytes_out: int,
) -> None:
    """Write the event; parts that a request did not have are left out.

    *record* None and *request_id* empty: it could not be parsed. *path* as it was sent, without its query. *bytes_in*
    None: a length nobody named (chunks, a refusal).
    """
    if not log.isEnabledFor(logging.INFO):
        return
    event: dict[str, Any] = {
        "request_id": request_id or None,
        "method": method,
        "path": _JOB_ID.sub(r"\1", path),
        "status": status,
        "peer": peer,
        "bytes_in": bytes_in,
        "bytes_out": bytes_out,
        "total_ms": _ms(time.monotonic() - record.began) if record else None,
    }
    had = {name: value for name, value in event.items() if value is not None}
    log.info("request", extra=had | _parts(record or Record()))


def _parts(record: Record) -> dict[str, Any]:
    facts = {"route": record.route, "code": record.code, "caller": record.caller, "images": record.images}
    facts |= {"image_bytes": record.image_bytes, "formats": record.formats}
    if record.images > 1:  # of one it is the request's own
        facts["image_codes"] = dict(Counter(record.image_codes))
    parts: dict[str, Any] = {name: value for name, value in facts.items() if value}
    if record.decode_s:
        parts["decode_ms"] = _ms(sum(record.decode_s))
    if record.queue_s is not None:
        parts["queue_ms"] = _ms(record.queue_s)
    if record.inference_s:
        parts["inference_ms"] = {model: _ms(sum(seconds)) for model, seconds in record.inference_s.items()}
    return parts


def _ms(seconds: float) -> float:
    return round(seconds * 1e3, 1)


class Unquoting:
    """Gunicorn's logger *log* while it answers what *error* broke: its own words would quote what the caller sent."""

    def __init__(self, log: Any, peer: str, error: BaseException) -> None:
        self._log, self._words = log, (peer, type(error).__name__)
        self.access = log.access

    def warning(self, *_: Any) -> None:
        """Say what kind of fault it was."""
        self._log.warning("Invalid request from ip=%s: %s", *self._words)

    def exception(self, *_: Any) -> None:
        """Say that we are at fault, and where."""
        self._log.exception("Error handling a request from ip=%s: %s", *self._words)

    def debug(self, *_: Any) -> None:
        """Say nothing."""


class AccessLogger(Logger):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's logger with our event."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Called by the worker after each answer. *request_time* is of the clock, which may jump."""
        length = environ.get("CONTENT_LENGTH", "")
        log_request(
            environ.get(ENVIRON_KEY),
            request_id=next((value for name, value in resp.headers if name == "X-Request-ID"), ""),
            peer=environ["REMOTE_ADDR"],
            method=req.method,
            path=req.path,
            status=int(str(resp.status or 500)[:3]),  # none where the application ended without one
            bytes_in=int(length) if length.isdecimal() else None,
            bytes_out=resp.sent,
        )
