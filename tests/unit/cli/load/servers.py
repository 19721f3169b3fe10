"""Servers of a few lines that misbehave as asked."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
REFUSED = b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nContent-Length: 0\r\n\r\n"
IMAGE = bytes(200_000)  # more than a socket takes at once

Behaviour = Callable[[socket.socket], None]


def read_request(connection: socket.socket) -> bytes:
    """Return a request, or what has come of it when its caller leaves."""
    head, _, start = connection.recv(65_536).partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = bytearray(start)  # bytes would be copied whole for each part that comes
    while len(body) < length and (part := connection.recv(65_536)):
        body += part
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Behaviour:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(answer)

    return behave


def refuses_unread(connection: socket.socket) -> None:
    """Answers after the first bytes and half-closes, as a server does that will not read a body it does not want."""
    connection.recv(1000)
    connection.sendall(REFUSED)
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(65_536):
        pass


def refuses_and_closes(connection: socket.socket) -> None:
    """The same without reading on: the kernel answers what is left of the body with a reset."""
    connection.recv(1000)
    connection.sendall(REFUSED)


def resets(connection: socket.socket) -> None:
    connection.recv(1000)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hangs(connection: socket.socket) -> None:
    while connection.recv(65_536):  # until the client gives up
        pass


@contextmanager
def server(behave: Behaviour) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0), backlog=100)

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                behave(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}/predict"
    listener.shutdown(socket.SHUT_RDWR)
    thread.join()
    listener.close()
