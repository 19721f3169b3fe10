"""The load generator against a real server of a few lines, which misbehaves as asked."""

import socket
import time

import pytest

from cli.load.exchange import Request
from cli.load.loops import closed_loop, fixed, open_loop, poisson
from cli.load.tally import Tally
from tests.unit.cli.load.servers import (
    IMAGE,
    OK,
    REFUSED,
    Behaviour,
    answering,
    hangs,
    read_request,
    refuses_and_closes,
    refuses_unread,
    resets,
    server,
)


def run(behave: Behaviour, image: bytes = IMAGE, timeout_s: float = 5) -> Tally:
    with server(behave) as url:
        return open_loop(Request.upload(url, image), [0.0, 0.0, 0.001], seconds=1, timeout_s=timeout_s)


def test_the_request_is_a_whole_multipart_upload() -> None:
    seen: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        seen.append(read_request(connection))
        connection.sendall(OK)

    with server(keep) as url:
        tally = open_loop(Request.upload(url, IMAGE, model="vgg16"), [0.0], seconds=1)
    assert len(tally.ok) == 1
    assert seen[0].startswith(b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1:")
    edge = b"--" + seen[0].partition(b"boundary=")[2].partition(b"\r\n")[0]
    assert b'name="model"\r\n\r\nvgg16\r\n' + edge + b"\r\n" in seen[0]
    assert IMAGE in seen[0]
    assert seen[0].endswith(b"\r\n" + edge + b"--\r\n")


@pytest.mark.parametrize(
    ("behave", "counted"),
    [
        (answering(OK), "ok"),
        (answering(b"HTTP/1.1 200 OK\r\n\r\n{}"), "ok"),  # its length is where the connection ends
        (answering(REFUSED), "refused"),
        (refuses_unread, "refused"),
        (refuses_and_closes, "refused"),
        (answering(REFUSED.replace(b"retry-after", b"x")), "refused_without"),
        (answering(OK.replace(b"200", b"500")), "others"),
        (answering(b"nonsense\r\n\r\n"), "others"),
        (answering(OK[:-1]), "resets"),  # the connection ended before the answer did
        (answering(b""), "resets"),
        (resets, "resets"),
    ],
)
def test_every_end_is_counted_once_and_by_its_name(behave: Behaviour, counted: str) -> None:
    tally = run(behave)
    found = getattr(tally, counted)
    if not isinstance(found, int):
        found = found.total() if counted == "others" else len(found)
    assert found == 3
    assert tally.total == 3
    assert tally.failed == (0 if counted in ("ok", "refused") else 3)


def test_a_request_without_an_answer_times_out() -> None:
    assert run(hangs, timeout_s=0.05).timeouts == 3


def test_a_server_that_is_not_there_counts_as_resets() -> None:
    with server(resets) as url:
        pass
    assert open_loop(Request.upload(url, b""), [0.0], seconds=1).resets == 1


def test_a_body_far_larger_than_the_kernel_takes_arrives_whole() -> None:
    assert len(run(answering(OK), image=bytes(20_000_000)).ok) == 3


def test_an_open_loop_counts_latency_from_the_arrival_whatever_is_before_it() -> None:
    """Three requests at once to a server that takes 50 ms each: the last has waited for the others."""

    def slow(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(0.05)
        connection.sendall(OK)

    tally = run(slow)
    assert max(tally.ok) >= 0.14  # 150 ms less the 1 ms by which it came later
    assert sorted(tally.ok) == tally.ok


def test_a_closed_loop_keeps_its_connections_busy_and_waits_for_the_last() -> None:
    served = 0

    def count(connection: socket.socket) -> None:
        nonlocal served
        read_request(connection)
        served += 1
        connection.sendall(OK)

    with server(count) as url:
        tally = closed_loop(Request.upload(url, b"x"), connections=3, seconds=0.1, ramp_s=0.05)
    assert 0 < len(tally.ok) < served  # the ramp is not counted
    assert tally.failed == 0
    assert 0 < tally.rate() <= len(tally.ok) / 0.1
    assert tally.rate(0, 0.05) + tally.rate(0.05, 0.1) == pytest.approx(2 * tally.rate())
    assert tally.cpu_s > 0


def test_several_requests_are_sent_in_turn() -> None:
    seen: list[bytes] = []

    def keep(connection: socket.socket) -> None:
        seen.append(read_request(connection).rpartition(b"\r\n--")[0][-1:])
        connection.sendall(OK)

    with server(keep) as url:
        requests = [Request.upload(url, image) for image in (b"a", b"b", b"c")]
        closed_loop(requests, connections=1, seconds=0.1, ramp_s=0)
    assert len(seen) > 3
    assert seen == (len(seen) * [b"a", b"b", b"c"])[: len(seen)]


def test_a_failure_is_counted_even_while_the_load_ramps_up() -> None:
    with server(resets) as url:
        tally = closed_loop(Request.upload(url, b"x"), connections=1, seconds=0.01, ramp_s=0.02)
    assert tally.resets == tally.failed > 0


def test_poisson_arrivals_have_the_rate_asked_for_and_are_the_same_each_time() -> None:
    arrivals = list(poisson(100, 50))
    assert len(arrivals) == pytest.approx(5000, rel=0.05)
    assert arrivals == sorted(arrivals)
    assert arrivals == list(poisson(100, 50))
    assert arrivals != list(poisson(100, 50, seed=2))


def test_fixed_arrivals_are_evenly_spaced() -> None:
    assert list(fixed(4, 1)) == [0, 0.25, 0.5, 0.75]
