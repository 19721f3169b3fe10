"""What the probes say of a real Gunicorn whose networks are fakes: it leaves, it is wrong, it hangs."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from cli.load.exchange import Request
from cli.load.loops import fixed, open_loop
from tests.e2e.callers import Fate, calling
from tests.e2e.faulty import SWITCH
from tests.e2e.server import STOP_S, Server, running, stopped, until
from tests.pictures import encode, photo_like
from tests.scraped import value

UPLOAD = encode(photo_like(60, 60), "JPEG")
DRAIN_S, PER_S = 3, 27


@contextmanager
def faulty(tmp_path: Path, *options: str, **settings: str) -> Iterator[Server]:
    """The service of `tests.e2e.faulty`, with two workers."""
    wanted = {"PREPARE": "never", "PRECISION": "float32", "WORKERS": "2"} | settings
    with running(
        tmp_path / "log", *options, application="tests.e2e.faulty:make()", tmpdir=str(tmp_path), **wanted
    ) as server:
        yield server


def reasons(server: Server) -> dict[str, str]:
    answer = server.get("/readyz")
    found: dict[str, str] = answer.json().get("reasons", {})
    assert answer.status_code == (503 if found else 200)
    return found


def scraped(server: Server, name: str, **labels: str) -> float:
    return value(server.get("/metrics").text, name, **labels)


def test_a_service_that_drains_says_so_within_a_second_and_answers_every_call(tmp_path: Path) -> None:
    with faulty(tmp_path, DRAIN_S=str(DRAIN_S)) as server, ThreadPoolExecutor(1) as pool:
        request = Request.upload(f"{server.url}/predict", UPLOAD)
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        load = pool.submit(open_loop, request, fixed(PER_S, DRAIN_S - 0.5), DRAIN_S)
        until(lambda: reasons(server) == {"service": "draining"}, "/readyz never said so")
        said_s = time.monotonic() - told
        print(f"\n/readyz says draining {said_s * 1e3:.0f} ms after SIGTERM")
        assert said_s < 1
        while time.monotonic() < told + 1:
            server.get("/livez")
        while not load.done():
            assert reasons(server) == {"service": "draining"}, "said and unsaid"
        tally = load.result()
        assert (len(tally.ok), tally.total) == (int(PER_S * (DRAIN_S - 0.5)),) * 2
        assert server.process.wait(STOP_S) == 0
        assert time.monotonic() - told >= DRAIN_S
        print(f"{len(tally.ok)} of {tally.total} calls answered 200 in the {DRAIN_S} s; exit 0")


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_whoever_signals_again_does_not_wait_for_the_drain(tmp_path: Path, again: signal.Signals) -> None:
    with faulty(tmp_path, DRAIN_S="3600") as server:
        server.process.send_signal(signal.SIGTERM)
        until(lambda: reasons(server), "not draining")
        server.process.send_signal(again)
        assert server.process.wait(STOP_S) == 0


def test_workers_that_die_or_are_renewed_while_it_drains_are_replaced_and_know_it(tmp_path: Path) -> None:
    with faulty(tmp_path, DRAIN_S="3600") as server:
        before = server.workers(2)
        server.process.send_signal(signal.SIGTERM)
        until(lambda: reasons(server), "not draining")
        for worker in before:
            os.kill(worker, signal.SIGKILL)
        until(lambda: len(server.workers(2) - before) == 2, "not replaced")
        assert reasons(server) == {"service": "draining"}
        assert server.predict(UPLOAD).status_code == 200
        killed = server.workers(2)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not killed & server.workers(2), "not renewed")
        assert reasons(server) == {"service": "draining"}
        assert server.predict(UPLOAD).status_code == 200
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_S) == 0


def test_workers_that_are_renewed_by_hup_lose_no_call(tmp_path: Path) -> None:
    with faulty(tmp_path) as server, calling(f"{server.url}/predict", UPLOAD, 6) as callers:
        for _ in range(3):
            before, called = server.workers(2), callers.fates[200]
            server.process.send_signal(signal.SIGHUP)
            until(lambda before=before: not before & server.workers(2), "not renewed")  # type: ignore[misc]
            until(lambda called=called: callers.fates[200] > called + 10, "not answering")  # type: ignore[misc]
    assert callers.fates.keys() <= {200, 503}


def test_a_network_that_answers_wrongly_later_is_found_and_forgiven_when_it_is_right_again(tmp_path: Path) -> None:
    with faulty(tmp_path, WORKERS="1", SELF_TEST_S="0.3", MODELS="resnet50") as server:
        assert reasons(server) == {}
        assert scraped(server, "triptych_self_test_ok", model="resnet50") == 1
        (tmp_path / SWITCH).touch()
        until(lambda: reasons(server) == {"resnet50": "known answers differ by 0.5"}, "not found")
        assert scraped(server, "triptych_self_test_ok", model="resnet50") == 0
        assert server.predict(UPLOAD).json()["code"] == "not_ready"
        assert server.get("/livez").status_code == 200
        (tmp_path / SWITCH).unlink()
        until(lambda: reasons(server) == {}, "not forgiven")
        assert scraped(server, "triptych_self_test_ok", model="resnet50") == 1
        assert server.predict(UPLOAD).status_code == 200
        assert len(server.workers(1)) == 1
        assert "resnet50 failed its self-test" in server.log.read_text()


@pytest.mark.parametrize(
    "network",
    [pytest.param("vgg16", id="asleep", marks=pytest.mark.slow), pytest.param("inceptionv3", id="holding-the-gil")],
)
def test_a_worker_that_hangs_is_replaced_and_its_sibling_answers_meanwhile(tmp_path: Path, network: str) -> None:
    with faulty(tmp_path, DEADLINE_S="1.5") as server:
        before = server.workers(2)
        fate: list[BaseException] = []

        def ask() -> None:
            try:
                server.predict(UPLOAD, model=network)
            except requests.ConnectionError as error:
                fate.append(error)

        asking = threading.Thread(target=ask)
        asking.start()
        answered = 0
        while asking.is_alive():
            assert server.predict(UPLOAD).status_code == 200
            answered += 1
        assert fate, "a call that hangs was answered"
        gone = time.monotonic()
        until(lambda: len(server.workers(2) - before) == 1, "not replaced")
        (sibling,) = server.workers(2) & before
        with stopped(sibling):
            assert server.get("/readyz").status_code == 200
            print(f"\nsibling answered {answered} calls; the replacement answers {time.monotonic() - gone:.2f} s later")
        assert scraped(server, "triptych_worker_deaths_total", reason="hung") == 1
        assert scraped(server, "triptych_worker_deaths_total") == 1
        log = server.log.read_text()
        assert "SIGALRM" in log
        assert "it was hung" in log
        assert "tests/e2e/faulty.py" in log, "the traceback says where"


def test_a_worker_that_hangs_when_it_is_told_to_end_is_not_reported_as_never_told(tmp_path: Path) -> None:
    with faulty(tmp_path, DEADLINE_S="1.5") as server, ThreadPoolExecutor(1) as pool:
        lost = pool.submit(server.predict, UPLOAD, model="vgg16")
        until(lambda: scraped(server, "http_requests_in_flight") == 2, "the call and the scrape")
        server.process.send_signal(signal.SIGHUP)
        assert isinstance(lost.exception(STOP_S), requests.ConnectionError)
        until(lambda: scraped(server, "triptych_worker_deaths_total") == 2, "not counted")
        assert scraped(server, "triptych_worker_deaths_total", reason="hung") == 1
        log = server.log.read_text()
        assert "had not yet ended as told; it was hung" in log
        assert "was not told to end" not in log


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_call_is_lost_by_a_service_that_is_told_to_stop_under_load(tmp_path: Path, workers: str) -> None:
    with faulty(tmp_path, WORKERS=workers) as server:
        with calling(f"{server.url}/predict", UPLOAD, 8) as callers:
            until(lambda: callers.fates[200] > 20, "not answering")
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(STOP_S) == 0
        print(f"\n{dict(callers.fates)}")
        assert callers.fates[Fate.LOST] == 0
        assert callers.fates.keys() <= {200, 503, Fate.REFUSED, Fate.LOST}
