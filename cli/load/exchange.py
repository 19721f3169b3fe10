"""One request and its answer over a raw socket, without ever waiting. Imports the standard library only."""

import errno
import re
import socket
from enum import Enum
from typing import NamedTuple
from urllib.parse import urlsplit

_READ_BYTES = 65_536
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)")
_STARTED = (0, errno.EINPROGRESS)
# Between the parts of a form: as long as those of curl and browsers, for a short one is slower to look for.
_EDGE = "-" * 24 + "d74496d66958873e3c2f01"


class Request(NamedTuple):
    """*message* is head and body as they go over the wire, *address* where to."""

    address: tuple[str, int]
    message: bytes

    @classmethod
    def upload(cls, url: str, *images: bytes, **fields: str) -> "Request":
        """Return a POST of encoded images, and of text *fields*, to *url* (http://host:port/path)."""
        parts = urlsplit(url)
        body, kind = form(*images, **fields)
        head = (
            f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return cls((parts.hostname or "", parts.port or 80), head.encode() + body)

    def with_header(self, name: str, value: str) -> "Request":
        """Return the same with one header more; an empty *value* adds none."""
        first, _, rest = self.message.partition(b"\r\n")
        return self._replace(message=b"\r\n".join((first, f"{name}: {value}".encode(), rest))) if value else self


def form(*images: bytes, **fields: str) -> tuple[bytes, str]:
    """Return the body of a form with encoded images and text *fields*, and its Content-Type."""
    texts = "".join(
        f'--{_EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    file = f'--{_EDGE}\r\nContent-Disposition: form-data; name="file"; filename="photo.jpg"\r\n\r\n'.encode()
    body = texts.encode() + b"".join(file + image + b"\r\n" for image in images) + f"--{_EDGE}--\r\n".encode()
    return body, f"multipart/form-data; boundary={_EDGE}"


class State(Enum):
    """How far an exchange has come."""

    SENDING = 0
    WAITING = 1  # all is sent, or the server takes no more: it may have answered already
    ANSWERED = 2
    RESET = 3  # no connection, or one that broke before the answer was whole

    @property
    def over(self) -> bool:
        """Say whether nothing more will happen."""
        return self in (State.ANSWERED, State.RESET)


class Exchange:
    """A connection of its own for one request. *began* (monotonic seconds) is what its latency counts from."""

    __slots__ = ("_received", "_unsent", "began", "retry_after", "socket", "state", "status")

    def __init__(self, request: Request, began: float) -> None:
        self.began = began
        self.state = State.SENDING
        self.status, self.retry_after = 0, False
        self._unsent, self._received = memoryview(request.message), bytearray()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        if self.socket.connect_ex(request.address) in _STARTED:
            self._send()
        else:
            self.state = State.RESET

    def proceed(self) -> None:
        """Read what has come, then send what can be sent: an early answer counts, whatever became of the body."""
        self._receive()
        if self.state is State.SENDING:
            self._send()

    def _send(self) -> None:
        try:
            self._unsent = self._unsent[self.socket.send(self._unsent) :]
        except BlockingIOError:
            return
        except OSError:  # it takes no more; what it said before is still there to be read
            self._unsent = self._unsent[:0]
        if not self._unsent:
            self.state = State.WAITING

    def _receive(self) -> None:
        try:
            data = self.socket.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.state = State.RESET
            return
        self._received += data
        if self._is_whole(ended=not data):
            self.state = State.ANSWERED
        elif not data:
            self.state = State.RESET

    def _is_whole(self, *, ended: bool) -> bool:
        head, gap, body = self._received.partition(b"\r\n\r\n")
        if not gap:
            return False
        lines = bytes(head).lower()
        self.status = int(lines[9:12]) if lines[9:12].isdigit() else 0
        self.retry_after = b"\r\nretry-after:" in lines
        length = _LENGTH.search(lines)
        return len(body) >= int(length[1]) if length else ended
