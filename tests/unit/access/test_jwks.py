"""An issuer's keys: what is taken of a set, and how often its server is asked."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from access.errors import BadFile, NoKeys
from access.jwks import FetchedKeys, KeysOfFile, issuer_at, public_keys
from config import load_settings
from tests.fakes import Clock
from tests.issuer import AUDIENCE, ISSUER, Published, ec_jwk, jwks, published, rsa_jwk, rsa_key, token
from wiring_access import access

OCT = {"kty": "oct", "alg": "HS256", "k": "c2VjcmV0" * 8, "kid": "oct"}
WRONG: tuple[Any, ...] = (["RS256"], {}, 7)
UNUSABLE: list[Any] = [
    OCT,
    OCT | {"alg": "RS256"},
    {k: v for k, v in rsa_jwk().items() if k != "kid"},
    rsa_jwk() | {"use": "enc"},
    rsa_jwk() | {"kid": 7},
    rsa_jwk() | {"alg": "RS512"},
    rsa_jwk() | {"alg": "HS256"},
    rsa_jwk() | {"d": "AQAB"},
    rsa_jwk() | {"n": "!"},
    *(rsa_jwk() | {name: wrong} for name in ("alg", "kty", "n", "e", "kid", "use") for wrong in WRONG),
    *(ec_jwk() | {name: wrong} for name in ("alg", "crv", "x", "y") for wrong in WRONG),
    rsa_jwk() | {"kid": ""},
    {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "kid": "ed"},
    "rubbish",
    None,
]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server() -> Iterator[Published]:
    with published() as found:
        yield found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(server: Published, clock: Clock) -> FetchedKeys:
    return FetchedKeys(issuer_at(server.url), clock)


def test_only_public_keys_that_check_our_algorithms_are_taken() -> None:
    found = public_keys(json.dumps({"keys": [*UNUSABLE, rsa_jwk(), ec_jwk()]}).encode())
    assert set(found) == {"rsa-1", "ec-1"}


@pytest.mark.parametrize("data", [None, [], {}, {"keys": {}}, {"keys": []}, *({"keys": [key]} for key in UNUSABLE)])
def test_a_set_without_one_is_none(data: object) -> None:
    with pytest.raises(ValueError, match="no public key"):
        public_keys(json.dumps(data).encode())


@pytest.mark.parametrize("text", [b"", b"{", b"[" * 100_000, b'{"keys":' * 50_000, b"\xff"])
def test_what_is_no_json_is_no_set(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # Python's own sentences
        public_keys(text)


def test_keys_are_fetched_once_and_again_when_they_are_old(keys: FetchedKeys, server: Published, clock: Clock) -> None:
    for clock.now in (1000, 1100, 1299):
        assert keys.find("rsa-1")
        assert keys.find("ec-1")
    assert server.asked == 1
    clock.now = 1300
    assert keys.find("rsa-1")
    assert server.asked == 2


def test_a_flood_of_unknown_key_ids_costs_one_fetch_each_thirty_seconds(
    keys: FetchedKeys, server: Published, clock: Clock
) -> None:
    assert keys.find("rsa-1")
    for clock.now in (1029, 1030, 1059, 1060):
        assert [keys.find(f"made-up-{i}") for i in range(50)] == [None] * 50
    assert server.asked == 3


def test_a_new_key_is_found_once_the_pause_is_over(keys: FetchedKeys, server: Published, clock: Clock) -> None:
    assert keys.find("rsa-1")
    server.body = json.dumps({"keys": [rsa_jwk("rsa-2")]}).encode()
    assert keys.find("rsa-2") is None
    clock.now += 30
    assert keys.find("rsa-2")
    assert keys.find("rsa-1") is None, "it was withdrawn"


FAULTS = [(500, b"oops"), (200, b"{"), (200, b"[]"), (200, b"[" * 100_000), (200, b'{"keys": []}'), (302, b"")]


@pytest.mark.parametrize("fault", FAULTS)
def test_while_the_issuer_fails_the_last_good_keys_stay_and_it_is_not_asked_more(
    keys: FetchedKeys, server: Published, clock: Clock, fault: tuple[int, bytes], caplog: pytest.LogCaptureFixture
) -> None:
    assert keys.find("rsa-1")
    server.status, server.body = fault
    server.headers = {"Location": server.url + "?again"}
    for clock.now in (1300, 1301, 1329, 1330):
        assert keys.find("rsa-1")
    assert server.asked == 3
    assert caplog.text.count("can't be fetched") == 2


def test_an_issuer_that_was_never_reached_is_not_the_token_s_fault(
    keys: FetchedKeys, server: Published, clock: Clock
) -> None:
    server.silent.set()
    for clock.now, seconds in ((1000, 30), (1001, 29), (1029, 1)):
        with pytest.raises(NoKeys) as error:
            keys.find("rsa-1")
        assert error.value.retry_after_s == seconds
    assert server.asked == 1
    server.silent.clear()
    clock.now = 1030
    assert keys.find("rsa-1")


def says_nothing(connection: socket.socket) -> None:
    while connection.recv(10_000):
        pass


def drips(connection: socket.socket) -> None:
    """A byte of a header now and then: no single wait is long."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Header: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def drips_a_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    drips(connection)


def floods(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b" " * 100_000)


@contextmanager
def issuer(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that answers one caller so, until he is gone."""

    def serve() -> None:
        with suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                answer(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(30)  # neither it nor the thread is waited for where nobody asks
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join(5)
        assert not thread.is_alive(), "the fetch goes on"


@pytest.mark.parametrize("answer", [says_nothing, drips, drips_a_body])
def test_a_fetch_ends_in_time_however_the_issuer_answers(
    answer: Callable[[socket.socket], None], caplog: pytest.LogCaptureFixture
) -> None:
    with issuer(answer) as url:
        began = time.monotonic()
        with pytest.raises(NoKeys):
            FetchedKeys(issuer_at(url, 1.0)).find("rsa-1")
        assert 0.9 < time.monotonic() - began < 2.5
    assert "no whole answer within 1 s" in caplog.text


@pytest.mark.parametrize(("deadline_s", "within_s"), [("0.5", "0.5"), pytest.param("10", "3", marks=pytest.mark.slow)])
def test_no_fetch_takes_longer_than_a_request_may(
    deadline_s: str, within_s: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Twice DEADLINE_S would end the worker."""
    with issuer(drips) as url:
        given = {"JWT_JWKS_URL": url, "JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE, "DEADLINE_S": deadline_s}
        verifier = access(load_settings({f"TRIPTYCH_{name}": value for name, value in given.items()})).authenticator
        assert verifier
        with pytest.raises(NoKeys):
            verifier.caller("", f"Bearer {token()}")
    assert f"no whole answer within {within_s} s" in caplog.text


def test_a_set_that_is_too_large_is_not_read_to_its_end(caplog: pytest.LogCaptureFixture) -> None:
    with issuer(floods) as url, pytest.raises(NoKeys):
        FetchedKeys(issuer_at(url)).find("rsa-1")
    assert "more than 262144 bytes" in caplog.text


def test_a_file_of_keys_is_read_and_a_broken_one_named(tmp_path: Path) -> None:
    path = tmp_path / "jwks.json"
    path.write_text(json.dumps(jwks()))
    found = KeysOfFile(path)
    found.file.load()
    key = found.find("rsa-1")
    assert key is not None
    assert key.key.public_numbers() == rsa_key().public_key().public_numbers()
    assert found.find("rsa-2") is None
    path.write_text("[" * 100_000)
    with pytest.raises(BadFile, match=r"jwks\.json: it is nested too deeply"):
        found.file.load()
    path.write_text('{"keys": []}')
    with pytest.raises(BadFile, match=r"jwks\.json: no public key"):
        found.file.load()
    with pytest.raises(NoKeys):
        KeysOfFile(path).find("rsa-1")
