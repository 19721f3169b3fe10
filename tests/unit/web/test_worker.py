"""The end of a worker."""

import socket
from types import SimpleNamespace

import pytest
from gunicorn.workers.sync import SyncWorker

from models.registry import Registry
from tests.fakes import served
from web.admission import Admission
from web.phase import SharedPhase
from web.watchdog import Life
from web.worker import AdmittingWorker


def test_a_worker_that_ends_takes_no_more_callers_and_sees_off_those_it_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(listener.getsockname())
    answered, _ = listener.accept()
    client.sendall(b"x" * 100_000)
    client.shutdown(socket.SHUT_WR)
    monkeypatch.setattr(SyncWorker, "run", lambda self: self._lingering.add(answered))
    worker = object.__new__(AdmittingWorker)
    registry = Registry([], lambda _: served())
    service = SimpleNamespace(
        cors_origins=(),
        deadline_s=10,
        admission=Admission(8, 10),
        self_test_s=0,
        registry=registry,
        metrics=SimpleNamespace(self_tested=print),
        scrape=SimpleNamespace(watch=lambda waiting: None),
    )
    worker.wsgi, worker.log = SimpleNamespace(extensions={"triptych": service}), None
    worker.cfg, worker.sockets = SimpleNamespace(workers=1), [listener]
    worker.phase, worker.life = SharedPhase(), Life()
    worker.run()
    assert listener.fileno() == -1
    assert answered.fileno() == -1
    assert client.recv(100) == b"", "closed, not reset"
    client.close()
