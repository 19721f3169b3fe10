"""A service that answers as a test says, and remembers what it was asked."""

import email.message
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from tests.certificate import Certificate


class Asked(NamedTuple):
    method: str
    path: str
    headers: email.message.Message
    photos: list[bytes]


class Told(NamedTuple):
    """What is answered; *hangs_up*: nothing is."""

    body: dict[str, Any]
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    hangs_up: bool = False


Answer = Callable[[Asked], Told]


@dataclass
class Scripted:
    """*answer* is called in the threads of the server."""

    url: str
    answer: Answer
    asked: list[Asked] = field(default_factory=list)

    def of(self, path: str) -> list[Asked]:
        return [each for each in self.asked if each.path == path]


@contextmanager
def scripted(answer: Answer, certificate: Certificate | None = None) -> Iterator[Scripted]:
    """Run it on a free port of the loopback; with TLS where there is a *certificate*."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked = Asked(self.command, self.path, self.headers, _photos(self))
            service.asked.append(asked)
            told = service.answer(asked)
            if told.hangs_up:
                self.close_connection = True
                return
            body = json.dumps(told.body).encode()
            self.send_response(told.status)
            for name, value in (("Content-Length", str(len(body))), *told.headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815  # the names that the standard library wants

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        scheme = "http"
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate.certificate, certificate.key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            scheme = "https"
        service = Scripted(f"{scheme}://127.0.0.1:{server.server_address[1]}", answer)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def _photos(request: BaseHTTPRequestHandler) -> list[bytes]:
    body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
    head = f"Content-Type: {request.headers.get('Content-Type', '')}\r\n\r\n".encode()
    form = BytesParser().parsebytes(head + body)
    if not form.is_multipart():
        return []
    return [part.get_payload(decode=True) for part in form.get_payload() if part.get_filename()]  # type: ignore[union-attr, misc]


def prediction(photo: bytes, model: str = "resnet50") -> dict[str, Any]:
    """An answer that shows which photo it is for."""
    results = [{"class": f"{photo.decode()} {rank}", "prob": 0.5 / rank, "id": f"n{rank}"} for rank in (1, 2, 3)]
    facts = {"model": model, "version": "0123456789ab", "precision": "int8", "weights": "file", "request_id": "r"}
    return {"results": results, **facts}


def problem(status: int, code: str, *headers: tuple[str, str]) -> Told:
    return Told({"code": code, "detail": f"it is {code}", "status": status}, status, headers)
