"""One event a request: who, what, the answer, how long each part took, and the id that answers and error logs bear too.

Never what a caller may have meant for us alone: no query, header, file name, key or image byte.
"""

import logging
from collections import Counter
from datetime import timedelta
from typing import Any

from gunicorn.glogging import Logger

from web.record import ENVIRON_KEY, Record

log = logging.getLogger("gunicorn.access")


def log_request(
    record: Record,
    *,
    request_id: str,
    peer: str,
    method: str,
    path: str,
    status: int,
    bytes_in: int,
    bytes_out: int,
    took_s: float,
) -> None:
    """Write the event; parts that a request did not have are left out. *path* as it was sent, without its query."""
    if not log.isEnabledFor(logging.INFO):
        return
    event: dict[str, Any] = {
        "request_id": request_id,
        "method": method,
        "path": path,
        "status": status,
        "peer": peer,
        "bytes_in": bytes_in,
        "bytes_out": bytes_out,
        "total_ms": _ms(took_s),
    }
    log.info("request", extra=event | _parts(record))


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


class AccessLogger(Logger):  # type: ignore[misc]  # Gunicorn is not typed
    """Gunicorn's logger with our event."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Called by the worker after each answer."""
        length = environ.get("CONTENT_LENGTH", "")
        log_request(
            environ.get(ENVIRON_KEY) or Record(),
            request_id=next((value for name, value in resp.headers if name == "X-Request-ID"), ""),
            peer=environ["REMOTE_ADDR"],
            method=req.method,
            path=req.path,
            status=int(str(resp.status or 500)[:3]),  # none where the application ended without one
            bytes_in=int(length) if length.isdecimal() else 0,
            bytes_out=resp.sent,
            took_s=request_time.total_seconds(),
        )
