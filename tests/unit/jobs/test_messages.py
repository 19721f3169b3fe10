"""Messages over a real Redis, plain and with TLS; and what becomes of them where there is none."""

import logging
from pathlib import Path

import pytest
import redis

from cli.service_process import free_port
from jobs.job import Chunk
from jobs.messages import Publisher, make_celery
from jobs.store import QUEUE_KEY, Persistence, connect
from tests.certificate import self_signed
from tests.redis_server import redis_server

CHUNKS = [Chunk("a", 0), Chunk("a", 1)]


def test_a_message_is_put_into_the_list_that_the_reaper_looks_at(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        Publisher(make_celery(server.url))(CHUNKS)
        with connect(server.url, Persistence(2, 0)) as client:
            assert client.llen(QUEUE_KEY) == len(CHUNKS)


def test_without_redis_it_is_only_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        Publisher(make_celery(f"redis://:secret@127.0.0.1:{free_port()}/0"))(CHUNKS)
    assert "could not be sent" in caplog.text
    assert "secret" not in caplog.text


def test_a_redis_that_refuses_writes_makes_no_request_fail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with redis_server(tmp_path) as server, connect(server.url, Persistence(2, 0)) as client:
        client.config_set("min-replicas-to-write", 1)
        with caplog.at_level(logging.WARNING):
            Publisher(make_celery(server.url))(CHUNKS)
    assert "could not be sent" in caplog.text


def encrypted(folder: Path, port: int) -> tuple[str, ...]:
    made = self_signed(folder)
    files = ("--tls-cert-file", str(made.certificate), "--tls-key-file", str(made.key))
    return ("--tls-port", str(port), *files, "--tls-ca-cert-file", str(made.certificate), "--tls-auth-clients", "no")


def test_tls_is_spoken_and_only_with_whom_the_certificate_names(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    with redis_server(tmp_path, *encrypted(tmp_path, port)) as server, connect(server.url, Persistence(2, 0)) as plain:
        stranger = f"rediss://127.0.0.1:{port}/0"  # another name: kombu keeps connections by that alone
        known = f"rediss://localhost:{port}/0?ssl_ca_certs={tmp_path / 'certificate.pem'}"
        Publisher(make_celery(stranger))(CHUNKS)
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        assert plain.llen(QUEUE_KEY) == 0
        with connect(stranger, Persistence(2, 0)) as client, pytest.raises(redis.ConnectionError):
            client.ping()
        Publisher(make_celery(known))(CHUNKS)
        assert plain.llen(QUEUE_KEY) == len(CHUNKS)
        with connect(known, Persistence(2, 0)) as client:
            assert client.llen(QUEUE_KEY) == len(CHUNKS)
