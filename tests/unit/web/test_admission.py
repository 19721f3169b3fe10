"""Who is refused, and when it is told to come again."""

import socket

import pytest

from web.admission import Admission, waiting_connections


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admission(clock: Clock, workers: int = 2) -> Admission:
    door = Admission(most=8, workers=workers, clock=clock)
    for _ in range(50):
        door.served(0.05)
    return door


def test_the_oldest_is_refused_while_more_wait_than_may() -> None:
    door = admission(Clock())
    assert not door.refuses(7), "it is the eighth itself"
    assert door.refuses(8)


def test_retry_after_is_the_time_that_the_queue_and_the_refused_before_need() -> None:
    door = admission(Clock())
    first = door.retry_after_s(waiting=20)  # (20 / 2 + 1) * 50 ms
    assert first == 1
    answers = [door.retry_after_s(waiting=20) for _ in range(99)]
    assert answers == sorted(answers)
    assert answers[-1] == 6  # (10 + 100) * 50 ms: they are sent away to come one after the other


def test_those_who_were_refused_are_made_up_for_as_time_passes() -> None:
    clock = Clock()
    door = admission(clock)
    for _ in range(100):
        door.retry_after_s(waiting=20)
    clock.now = 60
    assert door.retry_after_s(waiting=20) == 1


def test_retry_after_is_a_minute_at_most_and_a_second_at_least() -> None:
    door = admission(Clock())
    assert [door.retry_after_s(0), *(door.retry_after_s(20) for _ in range(5000))][-1] == 60
    assert admission(Clock()).retry_after_s(0) == 1


def test_a_slower_network_is_waited_for_longer() -> None:
    clock = Clock()
    quick, slow = admission(clock), admission(clock)
    for _ in range(50):
        slow.served(1.0)
    assert slow.retry_after_s(20) == pytest.approx(20 * quick.retry_after_s(20), rel=0.5)


def test_the_kernel_tells_how_many_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        assert waiting_connections(listener) == 3
        accepted, _ = listener.accept()
        assert waiting_connections(listener) == 2
        for each in (accepted, *clients):
            each.close()


def test_a_unix_socket_does_not_tell_so_nothing_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        assert waiting_connections(listener) == 0
