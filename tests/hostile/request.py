"""One raw request, and what it may be answered with."""

import socket
import time
from typing import NamedTuple
from urllib.parse import urlsplit

CLOSED = 0  # instead of a status: the connection ends without an answer
_READ_BYTES = 1 << 16


class RawRequest(NamedTuple):
    """What is sent, byte for byte, and *statuses*: one of them is the answer.

    *ends*: our side is closed after it, as by a sender who died; else it stays open until the answer is there. *code*:
    of the problem that it is answered with, where only one will do.
    """

    name: str
    content: bytes
    statuses: tuple[int, ...]
    ends: bool = False
    code: str = ""


class RawAnswer(NamedTuple):
    """Status (or CLOSED), everything that came, and after how many seconds it was there."""

    status: int
    content: bytes
    took_s: float


def send(url: str, request: RawRequest, within_s: float) -> RawAnswer:
    """Send it and read until the service closes.  Raises: TimeoutError: it does neither."""
    address = urlsplit(url)
    start = time.monotonic()
    received = b""
    with socket.create_connection((address.hostname, address.port or 80), timeout=within_s) as connection:
        try:
            connection.sendall(request.content)
            if request.ends:
                connection.shutdown(socket.SHUT_WR)
            while block := connection.recv(_READ_BYTES):
                received += block
        except (ConnectionResetError, BrokenPipeError):
            pass  # it may close on what it does not want to read
    return RawAnswer(status_of(received), received, time.monotonic() - start)


def status_of(received: bytes) -> int:
    """Return the final status: what stands behind any 100 Continue."""
    while received.startswith(b"HTTP/1.1 100"):
        received = received.partition(b"\r\n\r\n")[2]
    words = received.split(b" ", 2)
    return int(words[1]) if len(words) == 3 and words[0].startswith(b"HTTP/1.") else CLOSED
