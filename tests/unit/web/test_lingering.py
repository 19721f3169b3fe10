"""Answered connections: emptied, closed by the other side first, never waited for."""

import select
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from gunicorn.util import close_graceful

from web import lingering
from web.connection import Connection
from web.lingering import Lingering

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def connect() -> Iterator[Callable[[], Pair]]:
    """Makes (client, server) ends of a TCP connection."""
    opened: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def make() -> Pair:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
            opened.extend((client, server))
            return client, server

        yield make
    for each in opened:
        each.close()


def drained(waiting: Lingering, client: socket.socket) -> None:
    """Drain until nothing is left, whenever the kernel delivers."""
    give_up = time.monotonic() + 30
    client.close()
    while waiting and time.monotonic() < give_up:
        waiting.drain()
    assert not waiting


def test_a_sender_in_mid_body_reads_its_answer_and_is_not_reset(connect: Callable[[], Pair]) -> None:
    client, server = connect()
    waiting = Lingering()
    client.sendall(b"x" * 100_000)
    server.sendall(b"the answer")
    waiting.add(server)
    client.sendall(b"x" * 100_000)
    waiting.drain()
    assert waiting, "the other side has not closed yet"
    assert client.recv(100) == b"the answer"
    assert client.recv(100) == b"", "half closed: the answer is complete"
    client.shutdown(socket.SHUT_WR)
    drained(waiting, client)
    assert server.fileno() == -1


def test_one_that_never_closes_has_its_time(connect: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "_LINGER_S", 0.0)
    _, server = connect()
    waiting = Lingering()
    waiting.add(server)
    waiting.drain()
    assert not waiting


def test_one_that_goes_on_sending_is_heard_out(connect: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    client, server = connect()
    waiting = Lingering()
    waiting.add(server)
    for _ in range(19):  # 28.5 s: an upload over a slow line
        client.sendall(b"x" * 2000)
        select.select([server], [], [], 10)
        now += 1.5
        waiting.drain()
        assert waiting
    client.sendall(b"x" * 2000)
    select.select([server], [], [], 10)
    now += 1.5
    waiting.drain()
    assert not waiting, "half a minute is enough"


def test_a_worker_that_ends_sees_them_off(connect: Callable[[], Pair]) -> None:
    client, server = connect()
    client.sendall(b"x" * 100_000)
    server.sendall(b"the answer")
    waiting = Lingering()
    waiting.add(server)
    end = threading.Thread(target=waiting.finish)
    end.start()
    assert client.recv(100) == b"the answer"
    client.close()
    end.join()
    assert not waiting
    assert server.fileno() == -1


def test_no_more_than_so_many_are_kept_and_the_oldest_goes_first(
    connect: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "_MOST", 2)
    servers = [connect()[1] for _ in range(3)]
    waiting = Lingering()
    for server in servers:
        waiting.add(server)
    assert [server.fileno() == -1 for server in servers] == [True, False, False]
    assert waiting.filenos() == [server.fileno() for server in servers[1:]]


def test_what_gunicorn_closes_lingers_instead_of_holding_the_worker(connect: Callable[[], Pair]) -> None:
    client, server = connect()
    waiting = Lingering()
    connection = Connection(fileno=server.detach())
    connection.lingering = waiting
    connection.sendall(b"the answer")
    close_graceful(connection, timeout=3600)  # returns at once, although the client keeps its side open
    assert connection.fileno() == -1
    assert len(waiting.filenos()) == 1
    assert client.recv(100) == b"the answer"
    assert client.recv(100) == b""
    drained(waiting, client)
