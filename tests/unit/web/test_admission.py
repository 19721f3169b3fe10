"""Who is refused, and when it is told to come again."""

import socket
import time

import pytest

from web.admission import Admission, silent_s, waiting_connections


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def admission(waiting: int, clock: Clock | None = None, service_s: float = 0.05) -> Admission:
    """The door of one of two workers, which answers within 10 s."""
    door = Admission(most=8, deadline_s=10, clock=clock or Clock())
    door.open(lambda: waiting, workers=2)
    for _ in range(50):
        door.served(service_s)
    return door


def test_the_oldest_is_refused_while_more_wait_than_may() -> None:
    assert not admission(7).refuses(), "it is the eighth itself"
    assert admission(8).refuses()


def test_one_that_would_be_answered_too_late_is_refused_at_once() -> None:
    door = admission(0, service_s=1)
    assert not door.refuses(waited_s=8.5)
    assert door.refuses(waited_s=9.5)


def test_however_slow_the_last_services_were_one_that_has_not_waited_is_served() -> None:
    assert not admission(0, service_s=1000).refuses(waited_s=0.1)


def test_retry_after_is_the_time_that_the_queue_and_the_refused_before_need() -> None:
    door = admission(20)
    first = door.retry_after_s()  # (20 / 2 + 1) * 50 ms
    assert first == 1
    answers = [door.retry_after_s() for _ in range(99)]
    assert answers == sorted(answers)
    assert answers[-1] == 6  # (10 + 100) * 50 ms: they are sent away to come one after the other


def test_those_who_were_refused_are_made_up_for_as_time_passes() -> None:
    clock = Clock()
    door = admission(20, clock)
    for _ in range(100):
        door.retry_after_s()
    clock.now = 60
    assert door.retry_after_s() == 1


def test_retry_after_is_a_minute_at_most_and_a_second_at_least() -> None:
    door = admission(20)
    assert [door.retry_after_s() for _ in range(5000)][-1] == 60
    assert admission(0).retry_after_s() == 1


def test_a_slower_network_is_waited_for_longer() -> None:
    quick, slow = admission(20), admission(20, service_s=1.0)
    assert slow.retry_after_s() == pytest.approx(20 * quick.retry_after_s(), rel=0.5)


@pytest.mark.parametrize(
    ("waiting", "workers", "share"), [(0, 2, 8), (0, 8, 8), (1, 2, 4), (5, 8, 1), (5, 16, 1), (1, 1, 8)]
)
def test_a_lone_request_may_take_all_cores_and_one_of_a_crowd_its_share(waiting: int, workers: int, share: int) -> None:
    door = Admission(most=8, deadline_s=10)
    door.open(lambda: waiting, workers)
    assert door.fair_share(8) == share


def test_the_kernel_tells_how_many_wait() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        clients = [socket.create_connection(listener.getsockname()) for _ in range(3)]
        assert waiting_connections(listener) == 3
        accepted, _ = listener.accept()
        assert waiting_connections(listener) == 2
        for each in (accepted, *clients):
            each.close()


def test_the_kernel_tells_how_long_a_request_has_waited() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as client:
        client.sendall(b"a whole request")
        sent = time.monotonic()
        while time.monotonic() - sent < 0.2:
            time.sleep(0.05)
        accepted, _ = listener.accept()
        with accepted:
            waited_s = silent_s(accepted)
            assert 0.15 < waited_s <= time.monotonic() - sent + 0.05


def test_a_unix_socket_does_not_tell_so_nothing_is_refused() -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        assert waiting_connections(listener) == 0
