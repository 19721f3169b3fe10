"""More requests than can be answered: the oldest are refused at once, nothing is reset, probes answer."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cores import usable_cores
from tests.e2e.crowd import Caller, body, queued
from tests.e2e.server import Server, running
from tests.pictures import encode, photo_like
from tests.scraped import value
from tests.served import mobilenet

CALLERS = 30


@pytest.fixture
def server(small_cache: Path, tmp_path: Path) -> Iterator[Server]:
    settings = mobilenet(small_cache)
    with running(tmp_path / "log", WORKERS="1", MAX_WAITING="1", **settings) as server:
        yield server


def test_the_oldest_are_refused_the_newest_served_and_nobody_is_reset(server: Server) -> None:
    (worker,) = server.workers(1)
    small = body(encode(photo_like(60, 60), "JPEG"))
    large = body(encode(photo_like(900, 900), "PNG", compress_level=0))  # 2.4 MB: more than a socket's buffers hold
    callers = [Caller(server, "POST", "/predict", large if i % 5 == 0 else small) for i in range(CALLERS)]
    probe = Caller(server, "GET", "/readyz")
    os.kill(worker, signal.SIGSTOP)  # so that all of them wait when it goes on
    for caller in (*callers, probe):
        caller.start()
    port, give_up = int(server.url.rpartition(":")[2]), time.monotonic() + 30
    while queued(port) < CALLERS + 1 and time.monotonic() < give_up:
        time.sleep(0.01)
    os.kill(worker, signal.SIGCONT)
    for caller in (*callers, probe):
        caller.join()
    assert [caller.error for caller in callers if caller.error] == []
    answers = [caller.answer for caller in callers if caller.answer]
    served = sum(answer.status == 200 for answer in answers)
    assert served in (usable_cores(), usable_cores() - 1), "one of those that may wait can be the probe"
    refused = [answer for answer in answers if answer.status != 200]
    assert {answer.status for answer in refused} == {503}
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
    assert {answer.headers["Content-Type"] for answer in refused} == {"application/problem+json"}
    assert probe.answer is not None
    assert probe.answer.status == 200, "probes are never refused"
    assert server.predict(encode(photo_like(60, 60), "JPEG")).status_code == 200
    events = {event["request_id"]: event for event in server.events("request")}
    assert all(answer.headers["X-Request-ID"] in events for answer in answers)
    told = [event for event in events.values() if event.get("code") == "overloaded"]
    assert {event["request_id"] for event in told} == {answer.headers["X-Request-ID"] for answer in refused}
    assert {(e["status"], e["method"], e["path"], e["route"], e["peer"]) for e in told} == {
        (503, "POST", "/predict", "/predict", "127.0.0.1")
    }
    text = server.get("/metrics").text
    assert value(text, "triptych_inference_rejected_total", reason="overloaded") == len(refused)
    assert value(text, "http_requests_total", route="/predict", code="503") == len(refused)
    assert value(text, "http_requests_total", route="/predict", code="200") == served + 1


def test_the_access_log_tells_what_was_asked_and_not_the_query(server: Server) -> None:
    answer = server.get("/models/absent?key=secret")
    give_up, wanted = time.monotonic() + 30, answer.headers["X-Request-ID"]
    while not (found := [each for each in server.events("request") if each["request_id"] == wanted]):
        assert time.monotonic() < give_up, "an event is written just after its answer"
    (event,) = found
    assert (event["method"], event["path"], event["route"]) == ("GET", "/models/absent", "/models/<name>")
    assert (event["status"], event["code"], event["bytes_out"]) == (404, "not_found", len(answer.content))
    assert "secret" not in server.log.read_text()
