"""Between SIGTERM and the master's stop. The real signals, sent to ourselves."""

import os
import signal
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import pytest

from web.draining import Drain
from web.phase import Phase, SharedPhase


class Arbiter:
    """What of Gunicorn's a Drain meets."""

    def __init__(self, **owners: Any) -> None:
        self.pid = os.getpid()
        self.reexec_pid = self.master_pid = 0
        self.systemd = False
        self.log = self
        self.lines: list[str] = []
        self.signals: SimpleQueue[int] = SimpleQueue()
        self.handle_term: Callable[[], None] = self.handle_next
        vars(self).update(owners)

    def signal(self, number: int, frame: Any) -> None:
        self.signals.put(number)

    def info(self, line: str, *values: Any) -> None:
        self.lines.append(line % values)

    def handle_next(self) -> None:
        assert self.signals.get(timeout=60) == signal.SIGTERM
        self.handle_term()


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGALRM)}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number, handler in before.items():
        signal.signal(number, handler)


def installed(seconds: float, **owners: Any) -> tuple[Drain, Arbiter]:
    server = Arbiter(**owners)
    drain = Drain(server, seconds)
    drain.install()
    assert drain.phase.now() is Phase.SERVING
    return drain, server


def test_the_first_signal_only_tells_and_the_timer_stops() -> None:
    drain, server = installed(0.05)
    os.kill(os.getpid(), signal.SIGTERM)
    assert drain.phase.now() is Phase.DRAINING, "before the arbiter's loop comes to it"
    server.handle_next()
    assert "Draining" in server.lines[0]
    with pytest.raises(StopIteration):
        server.handle_next()
    assert drain.phase.now() is Phase.CLOSED


def test_a_second_signal_stops_at_once() -> None:
    drain, server = installed(3600)
    os.kill(os.getpid(), signal.SIGTERM)
    server.handle_next()
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(StopIteration):
        server.handle_next()
    assert drain.phase.now() is Phase.CLOSED


def test_without_a_time_to_drain_the_first_signal_stops() -> None:
    drain, server = installed(0)
    os.kill(os.getpid(), signal.SIGTERM)
    assert drain.phase.is_ending()
    with pytest.raises(StopIteration):
        server.handle_next()


def test_a_signal_that_came_before_the_drain_was_there_begins_it() -> None:
    server = Arbiter()
    server.signal(signal.SIGTERM, None)  # as Gunicorn's own handler does
    drain = Drain(server, 0.05)
    drain.install()
    server.handle_next()
    assert drain.phase.now() is Phase.DRAINING
    with pytest.raises(StopIteration):
        server.handle_next()


@pytest.mark.parametrize("owner", [{"reexec_pid": 7}, {"master_pid": 7}, {"systemd": True}])
def test_listeners_that_others_have_too_are_left_open(owner: dict[str, Any]) -> None:
    drain, server = installed(0, **owner)
    os.kill(os.getpid(), signal.SIGTERM)
    with pytest.raises(StopIteration):
        server.handle_next()
    assert drain.phase.now() is Phase.DRAINING


def test_a_signal_to_a_worker_that_is_just_forked_tells_nobody() -> None:
    drain, server = installed(3600, pid=os.getpid() + 1)
    os.kill(os.getpid(), signal.SIGTERM)
    assert drain.phase.now() is Phase.SERVING
    assert server.signals.empty()


def test_a_phase_is_seen_on_both_sides_of_a_fork() -> None:
    phase = SharedPhase()
    child = os.fork()
    if child == 0:
        phase.enter(Phase.DRAINING)
        os._exit(0)
    os.waitpid(child, 0)
    assert phase.is_ending()
