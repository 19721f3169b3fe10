"""What becomes of a listener's queue when it closes."""

import os
import socket
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from web.last_callers import answer_those_who_wait, let_nobody_in


@pytest.fixture(params=["127.0.0.1", "::1"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    try:
        made = socket.create_server((request.param, 0), family=family)
    except OSError:
        pytest.skip(f"no {request.param} here")
    made.setblocking(False)
    with made:
        yield made


def test_who_is_in_the_queue_stays_there_and_nobody_joins(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()[:2]) as early:
        let_nobody_in(listener)
        with pytest.raises(TimeoutError):
            socket.create_connection(listener.getsockname()[:2], timeout=0.2)
        accepted, _ = listener.accept()
        with accepted:
            early.sendall(b"question")
            assert accepted.recv(100) == b"question"
            accepted.sendall(b"answer")
        assert early.recv(100) == b"answer"
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_a_unix_socket_goes_on_as_ever() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        let_nobody_in(listener)


class Door:
    """Gunicorn's wrapper of a listener, and a worker's accept that answers, or meets what it may meet."""

    def __init__(self, sock: socket.socket, *errors: OSError) -> None:
        self.sock = sock
        self.answered = 0
        self._errors = list(errors)

    def fileno(self) -> int:
        return self.sock.fileno()

    def accept(self, _: object) -> None:
        if self._errors:
            raise self._errors.pop()
        accepted, _ = self.sock.accept()
        accepted.close()
        self.answered += 1


def test_all_who_wait_are_answered_whatever_else_happens(listener: socket.socket) -> None:
    callers = [socket.create_connection(listener.getsockname()[:2]) for _ in range(5)]
    door = Door(listener, BlockingIOError(), ConnectionAbortedError())
    answer_those_who_wait([door], door.accept, time.monotonic() + 60)
    assert door.answered == 5
    for caller in callers:
        assert caller.recv(1) == b"", "closed, not reset"
        caller.close()


class Unfiltered(socket.socket):
    """One whose kernel takes no filter (gVisor; a seccomp profile)."""

    def setsockopt(self, *_: object) -> None:
        raise OSError(92, "Protocol not available")


def test_where_the_kernel_takes_no_filter_those_who_wait_are_answered_all_the_same(
    listener: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    bare = Unfiltered(fileno=os.dup(listener.fileno()))
    bare.setblocking(False)
    with bare, socket.create_connection(listener.getsockname()[:2]):
        door = Door(bare)
        answer_those_who_wait([door], door.accept, time.monotonic() + 60)
        assert door.answered == 1
    assert [each.levelname for each in caplog.records] == ["WARNING"]


def test_an_end_is_an_end_even_where_callers_never_cease(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()[:2]):
        door = SimpleNamespace(sock=listener, fileno=listener.fileno)
        answer_those_who_wait([door], lambda _: None, time.monotonic() + 0.05)
