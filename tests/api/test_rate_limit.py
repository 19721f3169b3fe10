"""How often one caller may ask."""

import logging
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from access.api_key import new_key
from access.caller import Scope
from access.key_file import edited
from app import create_app
from config import load_settings
from logs import logging_config
from tests.fakes import served
from tests.pictures import encode, multipart, photo_like
from web.request import MB

UPLOAD = multipart(encode(photo_like(30, 40), "PNG"))


def limited(**settings: str) -> Flask:
    given = {"MODELS": "resnet50", "RATE_LIMIT": "2/hour", "MAX_UPLOAD_MB": "1", "MAX_REQUEST_MB": "1"} | settings
    app = create_app(load_settings({f"TRIPTYCH_{name}": value for name, value in given.items()}), lambda _: served())
    app.extensions["triptych"].start()
    return app


def ask(client: FlaskClient, path: str = "/predict", address: str = "192.0.2.1", **headers: str) -> int:
    environ = {"REMOTE_ADDR": address}
    return client.post(path, environ_base=environ, headers=list(headers.items()), **UPLOAD).status_code


def test_who_asks_too_often_is_told_when_to_come_again() -> None:
    client = limited().test_client()
    assert [ask(client), ask(client, "/v1/predict")] == [200, 200]
    answer = client.post("/predict", environ_base={"REMOTE_ADDR": "192.0.2.1"}, **UPLOAD)
    assert (answer.status_code, answer.get_json()["code"]) == (429, "rate_limited")
    assert answer.content_type == "application/problem+json"
    assert 3590 <= int(answer.headers["Retry-After"]) <= 3600
    assert answer.get_json()["detail"].startswith("At most 2 each 3600 s are answered.")
    assert answer.headers["X-Request-ID"]


def test_no_logger_but_ours_tells_of_a_429() -> None:
    names = {limiter.logger.name for limiter in limited().extensions["limiter"]}
    assert logging_config("info", access=True, terminal=False)["loggers"][names.pop()]["level"] == "WARNING"


def test_each_address_has_a_count_of_its_own() -> None:
    client = limited().test_client()
    assert [ask(client) for _ in range(3)] == [200, 200, 429]
    assert ask(client, address="192.0.2.2") == 200


ONE_SUBSCRIBER = [
    ("2001:db8::1", "2001:db8::2"),
    ("2001:db8:0:0:1:2:3:4", "2001:DB8:0::ffff"),
    ("2001:db8::1", "[2001:db8::1]:4711"),
    ("192.0.2.1", "192.0.2.1:4711"),
    ("192.0.2.1:4711", "192.0.2.1:4712"),
    ("192.0.2.1", "::ffff:192.0.2.1"),
    ("fe80::1", "fe80::1%eth0"),
]
SEVERAL = [("2001:db8::1", "2001:db8:0:1::1"), ("192.0.2.1", "192.0.2.2"), ("192.0.2.1", ""), ("unix:1", "unix:2")]


@pytest.mark.parametrize(
    ("one", "other", "status"), [*((*row, 429) for row in ONE_SUBSCRIBER), *((*row, 200) for row in SEVERAL)]
)
def test_what_a_caller_chooses_of_his_address_gives_him_no_other_count(one: str, other: str, status: int) -> None:
    client = limited(RATE_LIMIT="1/hour").test_client()
    assert ask(client, address=one) == 200
    assert ask(client, address=other) == status


def test_behind_a_proxy_that_adds_the_port_a_new_connection_is_no_new_caller() -> None:
    client = limited(TRUSTED_PROXIES="1").test_client()
    asked = [ask(client, **{"X-Forwarded-For": f"198.51.100.1:{port}"}) for port in (4711, 4712, 4713)]
    assert asked == [200, 200, 429]


def test_several_rates_hold_together() -> None:
    client = limited(RATE_LIMIT="5/hour;2/minute").test_client()
    assert [ask(client) for _ in range(3)] == [200, 200, 429]


def test_only_inferences_count_and_a_preflight_is_none() -> None:
    client = limited().test_client()
    for _ in range(5):
        for path in ("/livez", "/readyz", "/healthz", "/models", "/v1/models/resnet50"):
            assert client.get(path).status_code == 200
        assert client.options("/predict").status_code == 200
        assert client.get("/predict").status_code == 405
    assert ask(client) == 200


def test_it_is_said_before_the_body_is_looked_at() -> None:
    client = limited(RATE_LIMIT="1/hour").test_client()
    assert client.post("/predict", **multipart(bytes(2 * MB))).status_code == 413
    assert client.post("/predict", **multipart(bytes(2 * MB))).status_code == 429


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, str, str]:
    made = [new_key("x", (Scope.PREDICT,), datetime.now(UTC), None) for _ in range(2)]
    with edited(tmp_path / "keys.json") as kept:
        kept.update((key.id, key) for _, key in made)
    return tmp_path / "keys.json", made[0][0], made[1][0]


def test_a_key_has_one_count_wherever_it_calls_from_and_who_is_refused_has_none(keys: tuple[Path, str, str]) -> None:
    path, one, other = keys
    client = limited(API_KEYS_FILE=str(path)).test_client()
    assert [ask(client) for _ in range(4)] == [401] * 4, "not 429: nobody is counted who is not known"
    assert [ask(client, address=f"192.0.2.{i}", **{"X-API-Key": one}) for i in range(3)] == [200, 200, 429]
    assert ask(client, **{"X-API-Key": other}) == 200


def test_behind_as_many_proxies_as_are_trusted_it_is_the_caller_s_address_that_counts() -> None:
    client = limited(TRUSTED_PROXIES="1").test_client()
    assert [ask(client, **{"X-Forwarded-For": "198.51.100.1"}) for _ in range(3)] == [200, 200, 429]
    assert ask(client, **{"X-Forwarded-For": "198.51.100.2"}) == 200
    made_up = [ask(client, **{"X-Forwarded-For": f"203.0.113.{i}, 198.51.100.3"}) for i in range(3)]
    assert made_up == [200, 200, 429], "what came to the proxy is the caller's word"


def test_no_address_is_believed_where_no_proxy_is_trusted() -> None:
    client = limited().test_client()
    assert [ask(client, **{"X-Forwarded-For": f"198.51.100.{i}"}) for i in range(3)] == [200, 200, 429]


@pytest.fixture
def dead_port() -> Iterator[int]:
    """A port that nobody listens on, and nobody else gets."""
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        yield reserved.getsockname()[1]


def test_without_its_redis_a_worker_counts_for_itself_and_says_so(
    dead_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    client = limited(REDIS_URL=f"redis://:geheim@127.0.0.1:{dead_port}/0").test_client()
    with caplog.at_level(logging.INFO):
        assert [ask(client) for _ in range(3)] == [200, 200, 429]
    assert "Rate limit storage unreachable - falling back to in-memory storage" in caplog.text
    assert "geheim" not in caplog.text
