"""A service that answers as a test says, and remembers what it was asked."""

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import Any, NamedTuple

ANSWER = {
    "results": [{"class": "cat", "prob": 0.75, "id": "n1"}, {"class": "dog", "prob": 0.25, "id": "n2"}],
    "model": "resnet50",
    "version": "0123456789ab",
    "precision": "int8",
    "weights": "file",
}


class Asked(NamedTuple):
    """A request: *photos* are the contents of its files, in order."""

    method: str
    path: str
    headers: dict[str, str]
    photos: list[bytes]
    fields: dict[str, str]


class Told(NamedTuple):
    """An answer; status 0: the connection is closed without one."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = MappingProxyType({})


Script = Callable[[Asked], Told]


def problem(status: int, code: str, **headers: str) -> Told:
    return Told(status, {"code": code, "detail": f"about {code}", "request_id": "r1"}, headers)


def answer(text: str) -> dict[str, Any]:
    """An answer by which a test knows the photo of content *text* again."""
    return {**ANSWER, "results": [{"class": text, "prob": 0.75, "id": "n1"}, *ANSWER["results"][1:]]}


class Scripted(NamedTuple):
    url: str
    asked: list[Asked]

    def of(self, method: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.method == method]


@contextmanager
def scripted(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    """Serve *script* meanwhile; /livez is answered without it."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            if not self._has_request():
                return
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            request = Asked(self.command, self.path, dict(self.headers), *_parts(self.headers["Content-Type"], body))
            if self.path != "/livez":
                asked.append(request)
            self._tell(Told(200, {}) if self.path == "/livez" else script(request))

        def _has_request(self) -> bool:
            self.raw_requestline = self.rfile.readline(65537)
            return bool(self.raw_requestline) and self.parse_request()

        def _tell(self, told: Told) -> None:
            self.close_connection = True  # parse_request takes HTTP/1.1 to mean that it stays open
            if not told.status:
                return
            body = told.body if isinstance(told.body, bytes) else json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in {"Content-Length": str(len(body)), "Connection": "close", **told.headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that goes away is part of the tests."""

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Scripted(f"{'https' if tls else 'http'}://localhost:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _parts(content_type: str | None, body: bytes) -> tuple[list[bytes], dict[str, str]]:
    photos, fields = [], {}
    if content_type:
        whole = message_from_bytes(f"Content-Type: {content_type}\r\n\r\n".encode() + body)
        for part in whole.walk():
            name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
            if isinstance(content, bytes) and name == "file":
                photos.append(content)
            elif isinstance(content, bytes):
                fields[str(name)] = content.decode()
    return photos, fields


class Jobs:
    """A script: jobs that are done at once, and what else *first* says of a request."""

    def __init__(self, first: Callable[[Asked], Told | None] = lambda asked: None) -> None:
        self.made: dict[str, Asked] = {}
        self._first = first

    def __call__(self, asked: Asked) -> Told:
        told = self._first(asked)
        if told:
            return told
        if asked.method == "POST":
            job_id = f"{len(self.made):032x}"
            self.made[job_id] = asked
            return Told(202, {"id": job_id, "state": "queued", "predictions": []})
        return self.job(asked.path.rsplit("/", 1)[-1])

    def job(self, job_id: str, state: str = "done") -> Told:
        photos = self.made[job_id].photos
        # the name is another's: who trusts it writes results under the wrong file
        entries = [{"index": n, "file": "wrong.jpg", **answer(photo.decode())} for n, photo in enumerate(photos)]
        return Told(200, {"id": job_id, "state": state, "predictions": entries}, {"Retry-After": "1"})
