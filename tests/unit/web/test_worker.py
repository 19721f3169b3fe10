"""The beginning and the end of a worker, and what it does between two requests."""

import signal
import socket
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.workers.sync import SyncWorker
from prometheus_client import generate_latest

from models.registry import Registry
from tests.fakes import served
from tests.scraped import value
from web.admission import Admission
from web.metrics import Metrics
from web.phase import Phase, SharedPhase
from web.watchdog import Life
from web.worker import AdmittingWorker


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = signal.getsignal(signal.SIGALRM)
    yield
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def a_worker(listener: socket.socket, **facts: Any) -> AdmittingWorker:
    """A worker that listens at *listener* and has not begun; *facts* are its service's."""
    worker = object.__new__(AdmittingWorker)
    standard = {
        "cors_origins": (),
        "deadline_s": 10,
        "admission": Admission(8, 10),
        "self_test_s": 0,
        "registry": Registry([], lambda _: served()),
        "metrics": Metrics(),
        "scrape": SimpleNamespace(watch=lambda waiting: None),
        "shadow": None,
        "road": None,
        "reload_s": 0.0,
        "reloads": SimpleNamespace(due=lambda: False, close=lambda: None),
    }
    worker.wsgi = SimpleNamespace(extensions={"triptych": SimpleNamespace(**standard | facts)})
    worker.log, worker.alive, worker.age, worker.tmp = None, True, 1, SimpleNamespace(notify=lambda: None)
    worker.cfg = SimpleNamespace(workers=1, graceful_timeout=1)
    worker.sockets = [SimpleNamespace(sock=listener, close=listener.close, fileno=listener.fileno)]
    worker.phase, worker.life = SharedPhase(), Life()
    return worker


def test_a_worker_that_ends_takes_no_more_callers_and_sees_off_those_it_answered(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    client = socket.create_connection(listener.getsockname())
    answered, _ = listener.accept()
    client.sendall(b"x" * 100_000)
    client.shutdown(socket.SHUT_WR)
    monkeypatch.setattr(SyncWorker, "run", lambda self: self._lingering.add(answered))
    a_worker(listener).run()
    assert listener.fileno() == -1
    assert answered.fileno() == -1
    assert client.recv(100) == b"", "closed, not reset"
    client.close()


@pytest.mark.parametrize(("phase", "serves"), [(Phase.SERVING, True), (Phase.DRAINING, True), (Phase.CLOSED, False)])
def test_a_worker_whose_sigterm_came_before_its_handlers_does_not_begin_to_serve(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, phase: Phase, serves: bool
) -> None:
    seen = list[bool]()
    monkeypatch.setattr(SyncWorker, "run", lambda self: seen.append(self.alive))
    worker = a_worker(listener)
    worker.phase.enter(phase)
    worker.run()
    assert seen == [serves]


def test_a_self_test_may_take_longer_than_a_short_deadline(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket
) -> None:
    limits = list[float]()
    registry = Registry(
        ["a"], lambda _: served(self_test=lambda: limits.append(signal.getitimer(signal.ITIMER_REAL)[0]))
    )
    registry.start()
    worker = a_worker(listener, registry=registry, self_test_s=1e-9, deadline_s=0.05)
    monkeypatch.setattr(SyncWorker, "run", lambda self: self.notify())
    worker.run()
    assert limits[0] > 10


def test_a_refusal_whose_caller_has_left_is_counted_like_any_other(
    monkeypatch: pytest.MonkeyPatch, listener: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "gunicorn.access")
    metrics = Metrics()
    worker = a_worker(listener, metrics=metrics, admission=Admission(0, 10))

    def refuse(self: Any) -> None:
        caller, gone = socket.socketpair()
        gone.close()
        self._refuse(caller, ("1.2.3.4", 5), b"POST /predict HTTP/1.1\r\n")

    monkeypatch.setattr(SyncWorker, "run", refuse)
    worker.run()
    assert value(generate_latest(metrics.registry).decode(), "triptych_inference_rejected_total") == 1
    (event,) = [vars(each) for each in caplog.records if each.name == "gunicorn.access"]
    assert (event["status"], event["bytes_out"], event["peer"]) == (503, 0, "1.2.3.4")
    assert "bytes_in" not in event


def test_workers_do_not_all_test_themselves_at_once(monkeypatch: pytest.MonkeyPatch, listener: socket.socket) -> None:
    registry, due = Registry(["a"], lambda _: served()), list[float]()
    registry.start()
    monkeypatch.setattr(SyncWorker, "run", lambda self: due.append(round(self._self_tests.due_in_s())))
    for age in (1, 2, 3):
        worker = a_worker(listener, registry=registry, self_test_s=300)
        worker.age, worker.cfg.workers = age, 3
        worker.run()
    assert sorted(due) == [100, 200, 300]


def test_a_worker_that_is_told_to_end_says_that_it_was_told(listener: socket.socket) -> None:
    worker = a_worker(listener)
    worker.handle_exit(signal.SIGTERM, None)
    assert (worker.alive, worker.life.was_told) == (False, True)
