"""A request has one deadline, for waiting, sending and work; nothing is computed past it or for nobody."""

import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.e2e.crowd import queued
from tests.e2e.server import Server, running, stopped
from tests.pictures import encode, multipart, photo_like
from tests.scraped import value
from tests.served import mobilenet

UPLOAD = encode(photo_like(60, 60), "JPEG")
FORM = multipart(UPLOAD)
HEAD = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM['content_type']}\r\nContent-Length: %d\r\n\r\n"
WHOLE = (HEAD % len(FORM["data"])).encode() + FORM["data"]


@pytest.fixture(scope="module")
def server(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One for all of them: what it counts is told from what it had counted before."""
    settings = mobilenet(small_cache)
    log = tmp_path_factory.mktemp("deadline") / "log"
    with running(log, WORKERS="1", DEADLINE_S="1", **settings) as server:
        yield server


class Counts:
    """What a server counts from now on."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._before = server.get("/metrics").text

    def __call__(self, name: str, **labels: str) -> float:
        return value(self._server.get("/metrics").text, name, **labels) - value(self._before, name, **labels)


@pytest.fixture
def counted(server: Server) -> Counts:
    return Counts(server)


def call(server: Server) -> socket.socket:
    url = urlsplit(server.url)
    return socket.create_connection((url.hostname, url.port or 0), timeout=60)


@contextmanager
def unheard(server: Server) -> Iterator[None]:
    """Let nothing be accepted meanwhile; what is sent has arrived before the worker goes on."""
    (worker,) = server.workers(1)
    port = urlsplit(server.url).port or 0
    with stopped(worker):
        yield
        give_up = time.monotonic() + 30
        while not queued(port) and time.monotonic() < give_up:
            time.sleep(0.01)


@pytest.mark.parametrize("body", [b"", FORM["data"][:100], FORM["data"][:-1]])
def test_a_sender_who_is_too_slow_is_told_so_and_holds_nobody_longer(server: Server, body: bytes) -> None:
    with call(server) as caller:
        caller.sendall((HEAD % len(FORM["data"])).encode() + body)
        answer = caller.makefile("rb").read()
    assert answer.split()[1] == b"504"
    assert b"deadline_exceeded" in answer
    assert server.predict(UPLOAD).status_code == 200


def test_a_caller_who_never_ends_the_head_is_let_go_without_a_word(server: Server, counted: Counts) -> None:
    with call(server) as caller:
        caller.sendall(b"POST /predict HTTP/1.1\r\nHost:")
        assert caller.makefile("rb").read() == b""
    assert server.predict(UPLOAD).status_code == 200
    assert counted("http_requests_unparsed_total") == 1
    assert "Traceback" not in server.log.read_text()


def test_what_has_waited_too_long_is_refused_before_it_is_read(server: Server) -> None:
    with unheard(server):
        caller = call(server)
        caller.sendall(WHOLE)
        sent = time.monotonic()
        while time.monotonic() < sent + 1.2:  # the deadline itself
            time.sleep(0.05)
    with caller:
        answer = caller.makefile("rb").read()
    assert answer.split()[1] == b"503"
    assert b"Retry-After: " in answer
    assert b"overloaded" in answer


def test_those_who_connect_and_say_nothing_hold_nobody(server: Server) -> None:
    idle = [call(server) for _ in range(5)]  # as browsers do, to be quicker when there is something to ask
    assert server.predict(UPLOAD).status_code == 200
    for caller in idle:
        caller.setblocking(False)
        with caller, pytest.raises(BlockingIOError):  # nobody has given up on them: none was waited for
            caller.recv(1)


def test_nothing_is_computed_for_a_caller_who_left_while_it_waited(server: Server, counted: Counts) -> None:
    with unheard(server), call(server) as caller:
        caller.sendall(WHOLE)
    give_up = time.monotonic() + 30
    while not any(event["status"] == 499 for event in server.events("request")):
        assert time.monotonic() < give_up
        time.sleep(0.05)
    assert counted("triptych_inference_rejected_total", reason="caller_gone") == 1
    assert counted("triptych_image_decode_duration_seconds_count") == 0
    assert counted("triptych_inference_duration_seconds_count") == 0
    assert server.predict(UPLOAD).status_code == 200
    assert counted("triptych_image_decode_duration_seconds_count") == 1, "it is counted"


def test_the_wait_for_a_worker_is_told_as_queueing(server: Server) -> None:
    with unheard(server):
        caller = call(server)
        caller.sendall(WHOLE)
        sent = time.monotonic()
        while time.monotonic() < sent + 0.4:
            time.sleep(0.05)
    with caller:
        answer = caller.makefile("rb").read()
    (timing,) = re.findall(rb"queue;dur=([\d.]+)", answer)
    (asked,) = re.findall(rb"X-Request-ID: (\S+)", answer)
    (event,) = [each for each in server.events("request") if each["request_id"] == asked.decode()]
    assert float(timing) > 300
    assert event["queue_ms"] == float(timing)
