"""The end of a worker."""

import socket
from types import SimpleNamespace

import pytest
from gunicorn.workers.sync import SyncWorker

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
    scrape = SimpleNamespace(watch=lambda waiting: None)
    service = SimpleNamespace(cors_origins=(), max_waiting=8, metrics=None, scrape=scrape)
    worker.wsgi, worker.log = SimpleNamespace(extensions={"triptych": service}), None
    worker.cfg, worker.sockets = SimpleNamespace(workers=1), [listener]
    worker.run()
    assert listener.fileno() == -1
    assert answered.fileno() == -1
    assert client.recv(100) == b"", "closed, not reset"
    client.close()
