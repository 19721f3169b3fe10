"""503 `overloaded`, written straight to a connection whose request was only peeked at: no parser, no application."""

import json
import re
import socket
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from web.access_log import log_request
from web.errors import OVERLOADED, PROBLEMS, problem_body
from web.metrics import JOB_PATHS, PREDICT_PATHS, Metrics
from web.record import Record
from web.request import REQUEST_ID, new_request_id
from web.security import NO_STORE, SECURITY_HEADERS

_PEEK_BYTES = 4096  # the headers of any request that a browser or a client library sends
_TARGET = re.compile(rb"POST (?:[A-Za-z][A-Za-z0-9+.-]*://[^/?# ]*)?(/[^?# ]*)[?# ]")
_ORIGIN = re.compile(rb"\r\norigin: *([^\r]+)", re.IGNORECASE)
_ID = re.compile(rb"\r\nx-request-id: *([^\r]+)", re.IGNORECASE)


def peek(connection: socket.socket) -> bytes:
    """Return the first bytes of a request without taking them, or nothing where none have arrived yet."""
    try:
        return connection.recv(_PEEK_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return b""


def brings_images(head: bytes) -> bool:
    """Say whether the request that begins with *head* asks for inferences; probes and lists are never refused."""
    return _path(head) in PREDICT_PATHS + JOB_PATHS


def _path(head: bytes) -> str:
    """Return the path of a POST as Flask will see it: a target may name the host, and be percent-encoded."""
    target = _TARGET.match(head)
    return unquote_to_bytes(target[1]).decode("latin-1") if target else ""


class Refusal(NamedTuple):
    """The whole HTTP answer to one request, and what the log says of it."""

    answer: bytes
    path: str
    request_id: str


def overloaded(head: bytes, retry_after_s: int, cors_origins: Sequence[str]) -> Refusal:
    """Return what answers the request that begins with *head*."""
    path, given = _path(head), _ID.search(head)
    wanted = given[1].decode("latin-1").strip() if given else ""
    request_id = wanted if REQUEST_ID.fullmatch(wanted) else new_request_id()
    body = json.dumps(problem_body("overloaded", OVERLOADED, path, request_id)) + "\n"
    lines = [
        f"HTTP/1.1 {PROBLEMS['overloaded'].status} Service Unavailable",
        "Content-Type: application/problem+json",
        f"Content-Length: {len(body)}",
        f"Retry-After: {retry_after_s}",
        f"X-Request-ID: {request_id}",
        f"Cache-Control: {NO_STORE}",
        *(f"{name}: {value}" for name, value in SECURITY_HEADERS.items()),
        "Connection: close",
        *_cors(head, cors_origins),
    ]
    answer = "\r\n".join(lines) + "\r\n\r\n" + body
    return Refusal(answer.encode("ascii"), path, request_id)


def note(refusal: Refusal, peer: str, sent: int, metrics: Metrics) -> None:
    """Count and log a refusal, of which *sent* bytes went out, as what it stands for."""
    status, code = PROBLEMS["overloaded"].status, "overloaded"
    metrics.answered("POST", refusal.path, status, code)
    log_request(
        Record(route=refusal.path, code=code),
        request_id=refusal.request_id,
        peer=peer,
        method="POST",
        path=refusal.path,
        status=status,
        bytes_in=None,
        bytes_out=sent,
    )


def _cors(head: bytes, allowed: Sequence[str]) -> list[str]:
    """Return the headers without which a page of an allowed origin could not read the refusal."""
    found = _ORIGIN.search(head)
    origin = found[1].decode("latin-1").strip() if found else ""
    if not origin or not ({origin, "*"} & set(allowed)):
        return []
    name = "*" if "*" in allowed else origin
    return [f"Access-Control-Allow-Origin: {name}", "Access-Control-Expose-Headers: Retry-After, X-Request-ID"] + (
        ["Vary: Origin"] if name != "*" else []
    )
