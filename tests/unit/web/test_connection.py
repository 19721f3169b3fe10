"""An accepted connection: who is slow, who has left."""

import errno
import socket
import time
from collections.abc import Iterator

import pytest

from web.connection import Connection
from web.lingering import Lingering


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, Connection]]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    connection = Connection(fileno=accepted.detach())
    connection.lingering = Lingering()
    with client, connection:
        yield client, connection


def test_nothing_is_received_past_the_end(pair: tuple[socket.socket, Connection]) -> None:
    client, connection = pair
    client.sendall(b"the head")
    connection.ends_at = time.monotonic() + 0.2
    assert connection.recv(100) == b"the head"
    with pytest.raises(TimeoutError):
        connection.recv(100)
    assert time.monotonic() >= connection.ends_at


def test_what_has_arrived_is_not_heard_late(pair: tuple[socket.socket, Connection]) -> None:
    """Else who sends byte by byte, always some, would be heard for ever."""
    client, connection = pair
    client.sendall(b"all of it")
    connection.ends_at = time.monotonic() - 1
    with pytest.raises(TimeoutError):
        connection.recv(100)


def test_nothing_is_sent_to_a_slow_reader_past_its_time(pair: tuple[socket.socket, Connection]) -> None:
    _, connection = pair
    connection.gone_at = time.monotonic() + 0.2
    with pytest.raises(TimeoutError) as caught:
        connection.sendall(bytes(64 << 20))
    assert caught.value.errno == errno.ENOTCONN, "for which Gunicorn writes no traceback"
    assert time.monotonic() >= connection.gone_at


def test_a_caller_who_waits_is_there_and_one_who_closed_has_left(pair: tuple[socket.socket, Connection]) -> None:
    client, connection = pair
    assert not connection.has_left()
    client.sendall(b"a body")
    assert not connection.has_left()
    client.close()
    assert connection.has_left(), "though unread bytes are there"
