"""Counts across two real workers, and across their deaths."""

import fcntl
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from models.machine import runtime_folder
from tests.e2e.server import Server, running, until
from tests.pictures import encode, photo_like
from tests.scraped import labels, value
from tests.served import mobilenet

JPEG = encode(photo_like(60, 60), "JPEG")
KILLS = 5


@pytest.fixture
def start(small_cache: Path, tmp_path: Path) -> Callable[..., AbstractContextManager[Server]]:
    settings = mobilenet(small_cache)
    return lambda **more: running(tmp_path / f"log-{time.monotonic_ns()}", WORKERS="2", **settings | more)


@pytest.fixture
def server(start: Callable[..., AbstractContextManager[Server]]) -> Iterator[Server]:
    with start() as server:
        yield server


def folder(server: Server) -> Path:
    (found,) = (runtime_folder() / "metrics").glob(f"{server.process.pid}-*")
    return found


def scrape(server: Server) -> str:
    answer = server.get("/metrics")
    assert answer.status_code == 200
    return answer.text


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or waits only for somebody to ask how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def buried(server: Server, pid: int) -> bool:
    return not list(folder(server).glob(f"*_{pid}.db"))


def requests(text: str, **wanted: str) -> float:
    return value(text, "http_requests_total", **wanted)


def test_whichever_worker_is_asked_tells_what_all_have_answered(server: Server) -> None:
    server.workers(2)
    for _ in range(40):
        assert server.predict(JPEG).status_code == 200
        assert server.predict(b"text").status_code == 415
    for asked in range(10):
        text = scrape(server)
        assert requests(text, route="/predict", code="200") == 40
        assert requests(text, route="/predict", code="415") == 40
        assert requests(text, route="/metrics") == asked
        assert value(text, "triptych_predictions_total", model="mobilenetv2") == 40
        assert value(text, "triptych_inference_duration_seconds_count", model="mobilenetv2", precision="float32") == 40
        assert value(text, "http_requests_in_flight") == 1, "the scrape"
    assert value(text, "triptych_model_loaded", model="mobilenetv2") == 1
    assert value(text, "triptych_model_info", model="mobilenetv2", weights="random") == 1
    assert len(labels(text, "triptych_worker_deaths_total")) == 4
    assert value(text, "triptych_worker_deaths_total") == 0
    assert value(text, "triptych_waiting_connections") == 0
    assert value(text, "triptych_cores_in_use") == 0


def test_no_count_is_lost_when_workers_are_killed_and_their_files_go(server: Server) -> None:
    pids, answered, files = server.workers(2), 0, set[int]()
    for kills in range(1, KILLS + 1):
        for _ in range(6):
            answered += server.predict(JPEG).status_code == 200
        victim = min(server.workers(2))
        os.kill(victim, signal.SIGKILL)
        until(partial(buried, server, victim), "not buried")
        server.workers(2)
        text = scrape(server)
        assert requests(text, route="/predict", code="200") == answered
        assert value(text, "http_request_duration_seconds_count", route="/predict") == answered
        assert value(text, "triptych_worker_deaths_total", reason="killed") == kills
        assert value(text, "http_requests_in_flight") == 1
        files.add(len(os.listdir(folder(server))))
    assert not pids & server.workers(2)
    assert max(files) <= 3 * 5 + 2 + 1, "five a worker and for the master, two archives and the lock"


def test_what_a_scrape_kept_from_the_master_is_buried_at_the_next_fork(server: Server) -> None:
    victim, sibling = sorted(server.workers(2))
    assert server.predict(JPEG).status_code == 200
    with (folder(server) / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        os.kill(victim, signal.SIGKILL)
        until(lambda: sibling in (now := server.workers(2)) and victim not in now, "not replaced")
        assert not buried(server, victim)
    server.process.send_signal(signal.SIGTTIN)
    until(lambda: buried(server, victim), "not buried")
    assert requests(scrape(server), route="/predict", code="200") == 1


def test_a_reload_ends_workers_in_order_and_the_counts_go_on(server: Server) -> None:
    old = server.workers(2)
    server.predict(JPEG)
    server.process.send_signal(signal.SIGHUP)
    until(lambda: value(scrape(server), "triptych_worker_deaths_total", reason="told") == 2, "not ended")
    assert old.isdisjoint(server.workers(2))
    server.predict(JPEG)
    text = scrape(server)
    assert requests(text, route="/predict", code="200") == 2
    assert value(text, "triptych_worker_deaths_total") == 2


def test_a_file_that_breaks_under_it_never_breaks_a_scrape(server: Server) -> None:
    server.workers(2)
    server.predict(JPEG)
    (folder(server) / "counter_0.db").write_bytes(b"half of")
    assert requests(scrape(server), route="/predict", code="200") == 1
    assert "could not read counter_0.db" in server.log.read_text()


def test_what_is_no_http_is_counted_and_can_not_forge_a_line(server: Server) -> None:
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    with socket.create_connection((host, port)) as caller:
        caller.sendall(b'GET /\x1b[2J\x85{"event":1} NOTHTTP\r\n\r\n')
        assert b" 400 " in caller.makefile("rb").readline()
    assert value(scrape(server), "http_requests_unparsed_total") == 1
    log = server.log.read_bytes()
    assert b"\x1b" not in log
    assert b"Invalid request from ip=127.0.0.1" in log


BROKEN = {  # what is sent, and the name of its fault
    "a forgotten colon": (b"GET / HTTP/1.1\r\nHost: x\r\nX-API-Key secret\r\n\r\n", "InvalidHeader"),
    "a query that is not ASCII": (b"POST /predict?k=secret\xe9 HTTP/1.1\r\nHost: x\r\n\r\n", "InvalidRequestLine"),
    "a query and a version that is none": (b"POST /predict?k=secret HTTP/9\r\nHost: x\r\n\r\n", "InvalidHTTPVersion"),
    "an image without HTTP": (JPEG[:20] + b"secret\r\n" + JPEG[20:] + b"\r\n\r\n", "InvalidRequestLine"),
    "half a head": (b"GET / HTTP/1.1\r\nX-API-Key: secret\r\n", ""),  # its caller has left: nobody is at fault
}


def test_what_a_caller_sent_is_in_no_line_of_the_log_however_broken_it_was(
    start: Callable[..., AbstractContextManager[Server]],
) -> None:
    with start(LOG_LEVEL="debug") as server:
        for sent, _ in BROKEN.values():
            with socket.create_connection((urlsplit(server.url).hostname, urlsplit(server.url).port)) as caller:
                caller.sendall(sent)
                caller.shutdown(socket.SHUT_WR)
                caller.makefile("rb").read()
        assert value(scrape(server), "http_requests_unparsed_total") == 4
        log = server.log.read_text()
    named = re.findall(r"Invalid request from ip=127\.0\.0\.1: (\w+)", log)
    assert named == [fault for _, fault in BROKEN.values() if fault]
    assert not [word for word in ("secret", "JFIF", "X-API-Key") if word in log]


def test_the_folder_goes_with_its_master_or_with_the_next(start: Callable[..., AbstractContextManager[Server]]) -> None:
    with start() as ended:
        one = folder(ended)
        assert one.stat().st_mode & 0o777 == 0o700
    assert not one.exists()
    with start() as killed:
        two, workers = folder(killed), killed.workers(2)
        killed.process.kill()
        killed.process.wait()
        for worker in workers:  # they would notice within a minute
            os.kill(worker, signal.SIGKILL)
        until(lambda: all(map(has_ended, workers)), "not ended")
        assert two.exists()
    with start():
        assert not two.exists()
