"""Hosts that do at the very moment what real ones do once in a while, and an nginx in front of them."""

import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from tests.deploy.proxy import Proxy, proxy
from tests.listening import listening


class Host(BaseHTTPRequestHandler):
    """Answers; where told to, with a refusal, by breaking off (all, or one content), or only once it is *over*."""

    asked: list[str]
    over: threading.Event
    refuses = breaks_off = waits = False
    dies_of = b""

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.asked.append(self.path)
        if self.waits:
            self.over.wait()
        if self.breaks_off or (content and content == self.dies_of):
            self.close_connection = True
            return
        self.send_response(503 if self.refuses else 200)
        if self.refuses:
            self.send_header("Retry-After", "7")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def host(**kind: object) -> type[Host]:
    """One of its own: it has not been asked yet."""
    return type("AHost", (Host,), {"asked": [], "over": threading.Event(), **kind})


class Front:
    """Makes an nginx in front of fakes, and of *hosts* that listen elsewhere."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder

    def of(self, *kinds: type[Host], hosts: tuple[str, ...] = (), **settings: str) -> Proxy:
        listeners = [self._stack.enter_context(listening(kind)).removeprefix("http://") for kind in kinds]
        for kind in kinds:
            self._stack.callback(kind.over.set)
        return self._stack.enter_context(proxy(self._folder / "nginx", [*listeners, *hosts], **settings))
