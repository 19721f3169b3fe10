"""More callers than can be answered, each with a connection of its own, and how many of them wait."""

import http.client
import threading
from pathlib import Path
from urllib.parse import urlsplit

from tests.e2e.server import Server

_BOUNDARY = "edge"


def content_type() -> str:
    """What is to be said of that body."""
    return f"multipart/form-data; boundary={_BOUNDARY}"


def body(upload: bytes) -> bytes:
    """The body of a form with that one file."""
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
    return head.encode() + upload + f"\r\n--{_BOUNDARY}--\r\n".encode()


class Caller(threading.Thread):
    """Sends one request over one connection and keeps what came back."""

    def __init__(self, server: Server, method: str, path: str, content: bytes = b"") -> None:
        super().__init__()
        self._connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
        self._request = method, path, content
        self.answer: http.client.HTTPResponse | None = None
        self.error: OSError | None = None

    def run(self) -> None:
        method, path, content = self._request
        headers = {"Content-Type": content_type()}
        try:
            self._connection.request(method, path, content, headers)
            self.answer = self._connection.getresponse()
            self.answer.read()
        except OSError as error:
            self.error = error
        finally:
            self._connection.close()


def queued(port: int) -> int:
    """Connections that wait in the kernel for the listener on *port* (rx_queue of /proc/net/tcp, for a listener)."""
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and int(fields[1].split(":")[1], 16) == port:
            return int(fields[4].split(":")[1], 16)
    return 0
