"""Every route with every kind of credential."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from access.api_key import digest
from tests.api.conftest import started
from tests.issuer import AUDIENCE, ISSUER, SECRET, Published, ec_key, jwks, published, token
from tests.pictures import encode, multipart, photo_like
from web.record import record
from web.request import MB

UPLOAD = multipart(encode(photo_like(30, 40), "PNG"))
LIVE, FAR, PAST = "2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
KEYS = {  # id: scopes, expires
    "000000000001": (["predict"], None),
    "000000000002": (["metrics"], FAR),
    "000000000003": (["predict", "jobs", "metrics"], FAR),
    "000000000004": (["predict", "metrics"], PAST),
}
PREDICT_KEY, METRICS_KEY, ALL_KEY, EXPIRED_KEY = (f"{key_id}.secret-of-it" for key_id in KEYS)
TOKENS = {"JWT_ISSUER": ISSUER, "JWT_AUDIENCE": AUDIENCE}
ORIGIN = {"Origin": "https://page.example"}


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    rows = [
        {"id": i, "name": "x", "scopes": s, "sha256": digest(f"{i}.secret-of-it"), "created": LIVE, "expires": e}
        for i, (s, e) in KEYS.items()
    ]
    (tmp_path / "keys.json").write_text(json.dumps({"keys": rows}))
    return tmp_path / "keys.json"


@pytest.fixture
def jwks_file(tmp_path: Path) -> Path:
    (tmp_path / "jwks.json").write_text(json.dumps(jwks()))
    return tmp_path / "jwks.json"


@pytest.fixture
def both(keys_file: Path, jwks_file: Path) -> Flask:
    """Takes keys and tokens."""
    return started(API_KEYS_FILE=str(keys_file), JWT_JWKS_FILE=str(jwks_file), **TOKENS)


@pytest.fixture
def by_key(keys_file: Path) -> FlaskClient:
    return started(API_KEYS_FILE=str(keys_file)).test_client()


def bearer(text: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {text}"}


def predict(client: FlaskClient, headers: dict[str, str]) -> TestResponse:
    return client.post("/predict", headers=headers, **UPLOAD)


GOOD: list[tuple[str, Callable[[], dict[str, str]], str]] = [
    ("key", lambda: {"X-API-Key": PREDICT_KEY}, "key:000000000001"),
    ("key that will expire", lambda: {"x-api-key": ALL_KEY}, "key:000000000003"),
    ("RSA token", lambda: bearer(token()), "token:alice"),
    ("EC token", lambda: bearer(token(ec_key(), "ES256", "ec-1", sub="bob")), "token:bob"),
    ("bearer in any case", lambda: {"Authorization": f"bearer  {token()}"}, "token:alice"),
    ("key beside a password for a proxy", lambda: {"X-API-Key": PREDICT_KEY, "Authorization": "Basic eDp5"},
     "key:000000000001"),
    ("token whose subject looks like a key's id", lambda: bearer(token(sub="000000000001")), "token:000000000001"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "caller"), [pytest.param(*row[1:], id=row[0]) for row in GOOD])
def test_a_good_credential_is_answered_and_whose_it_is_recorded(
    both: Flask, headers: Callable[[], dict[str, str]], caller: str
) -> None:
    seen = []
    both.teardown_request(lambda _: seen.append(record().caller))
    assert predict(both.test_client(), headers()).status_code == 200
    assert seen == [caller]


BAD: list[tuple[str, dict[str, str], int, bool]] = [
    ("nothing", {}, 401, False),
    ("empty key", {"X-API-Key": ""}, 401, False),
    ("wrong secret", {"X-API-Key": PREDICT_KEY + "x"}, 401, False),
    ("unknown id", {"X-API-Key": "00000000000f.secret-of-it"}, 401, False),
    ("expired key", {"X-API-Key": EXPIRED_KEY}, 401, False),
    ("key of the wrong scope", {"X-API-Key": METRICS_KEY}, 403, False),
    ("key not in ASCII", {"X-API-Key": "schl\u00fcssel"}, 401, False),
    ("key as a token", bearer(PREDICT_KEY), 401, True),
    ("token as a key", {"X-API-Key": token()}, 401, False),
    ("token without a scheme", {"Authorization": token()}, 401, False),
    ("password", {"Authorization": "Basic eDp5"}, 401, False),
    ("empty token", {"Authorization": "Bearer "}, 401, True),
    ("key and token", {"X-API-Key": PREDICT_KEY, **bearer(token())}, 401, False),
    ("token of no scope", bearer(token(scope="openid")), 403, False),
    ("unsigned token", bearer(token(alg="none")), 401, True),
    ("symmetric token", bearer(token(SECRET, "HS256")), 401, True),
    ("expired token", bearer(token(exp=1)), 401, True),
    ("token of another audience", bearer(token(aud="other")), 401, True),
]


@pytest.mark.parametrize(("headers", "status", "is_bad_token"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_a_bad_credential_is_refused_with_a_challenge_that_a_page_can_read(
    both: Flask, headers: dict[str, str], status: int, is_bad_token: bool
) -> None:
    answer = predict(both.test_client(), headers | ORIGIN)
    body = answer.get_json()
    assert (answer.status_code, body["code"]) == (status, {401: "unauthorized", 403: "forbidden"}[status])
    assert answer.content_type == "application/problem+json"
    key_challenge, token_challenge = answer.headers.getlist("WWW-Authenticate")
    assert key_challenge == 'ApiKey realm="triptych"'
    assert token_challenge.startswith('Bearer realm="triptych"')
    assert ('error="invalid_token"' in token_challenge) is is_bad_token
    assert ('error="insufficient_scope", scope="predict"' in token_challenge) is (status == 403)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "WWW-Authenticate" in answer.headers["Access-Control-Expose-Headers"]
    secrets = [value.rpartition(" ")[2] for value in headers.values()]
    assert not any(secret and secret in answer.get_data(as_text=True) + str(answer.headers) for secret in secrets)


def test_a_credential_in_the_query_counts_for_nothing(by_key: FlaskClient) -> None:
    for name in ("X-API-Key", "api_key", "key", "access_token"):
        answer = by_key.post("/predict", query_string={name: ALL_KEY}, **UPLOAD)
        assert answer.status_code == 401


def test_who_may_not_call_is_told_so_before_the_body_is_looked_at(by_key: FlaskClient) -> None:
    for body in (multipart(bytes(3 * MB)), {"data": b"--x\r\nrubbish", "content_type": "multipart/form-data"}):
        assert by_key.post("/predict", **body).status_code == 401
        assert by_key.post("/predict", headers={"X-API-Key": METRICS_KEY}, **body).status_code == 403


OPEN = {"/livez", "/readyz", "/healthz", "/models", "/models/<name>", "/", "/docs", "/openapi.yaml"}
SCOPES = {"/predict": "predict", "/metrics": "metrics", "/jobs": "jobs", "/jobs/<job_id>": "jobs"}


def test_every_route_asks_for_its_scope_and_only_that(both: Flask) -> None:
    """Whatever is added: a route that is in neither table fails here."""
    client = both.test_client()
    for rule in both.url_map.iter_rules():
        path = rule.rule.removeprefix("/v1")
        for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
            url = rule.rule.replace("<name>", "resnet50").replace("<job_id>", "x")
            anonymous = client.open(url, method=method).status_code
            if path in OPEN or path.startswith(("/docs/", "/page/")):
                assert anonymous not in (401, 403), rule
                continue
            assert anonymous == 401, rule
            for scope in ("predict", "metrics", "jobs"):
                allowed = client.open(url, method=method, headers=bearer(token(scope=scope))).status_code
                assert (allowed == 403) is (SCOPES[path] != scope), (rule, scope)
                assert allowed != 401


def test_a_view_that_nobody_listed_is_not_open(both: Flask) -> None:
    both.add_url_rule("/new", view_func=lambda: "new")
    client = both.test_client()
    assert client.get("/new").status_code == 401
    assert client.get("/new", headers=bearer(token())).status_code == 200


@pytest.mark.parametrize("path", ["/predict", "/v1/predict", "/models"])
def test_a_preflight_needs_no_credential(both: Flask, path: str) -> None:
    asked = "x-api-key,authorization,content-type,x-request-id,idempotency-key"
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": asked} | ORIGIN
    answer = both.test_client().options(path, headers=headers)
    assert answer.status_code == 200
    allowed = answer.headers["Access-Control-Allow-Headers"].lower().split(", ")
    assert sorted(allowed) == sorted(asked.split(","))


def test_no_other_header_is_allowed_to_a_page(both: Flask) -> None:
    headers = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-other"} | ORIGIN
    assert "x-other" not in both.test_client().options("/predict", headers=headers).headers.get(
        "Access-Control-Allow-Headers", ""
    )


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("GET", "/predict", 405)])
def test_what_is_not_there_is_said_to_anyone(by_key: FlaskClient, method: str, path: str, status: int) -> None:
    assert by_key.open(path, method=method).status_code == status


def test_only_the_kinds_that_are_taken_are_asked_for(by_key: FlaskClient, jwks_file: Path) -> None:
    answer = predict(by_key, bearer(token()))
    assert answer.headers.getlist("WWW-Authenticate") == ['ApiKey realm="triptych"']
    assert "X-API-Key" in answer.get_json()["detail"]
    tokens_only = started(JWT_JWKS_FILE=str(jwks_file), **TOKENS).test_client()
    answer = predict(tokens_only, {"X-API-Key": PREDICT_KEY})
    assert answer.headers.getlist("WWW-Authenticate") == ['Bearer realm="triptych"']


def test_without_the_settings_anyone_may_call(client: FlaskClient) -> None:
    assert predict(client, {}).status_code == 200
    assert predict(client, {"X-API-Key": "whatever"}).status_code == 200


def test_a_shared_secret_is_enough_for_tokens() -> None:
    client = started(JWT_SECRET=SECRET, **TOKENS).test_client()
    assert predict(client, bearer(token(SECRET, "HS256", kid=None))).status_code == 200
    assert predict(client, bearer(token())).status_code == 401


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Published]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with published() as found:
        yield found


def test_a_flood_of_made_up_key_ids_asks_the_issuer_once(server: Published) -> None:
    client = started(JWT_JWKS_URL=server.url, **TOKENS).test_client()
    for i in range(30):
        assert predict(client, bearer(token(kid=f"made-up-{i}"))).status_code == 401
    assert predict(client, bearer(token())).status_code == 200
    assert server.asked == 1


def test_while_tokens_can_not_be_judged_the_answer_is_come_again(server: Published) -> None:
    server.status = 500
    answer = predict(started(JWT_JWKS_URL=server.url, **TOKENS).test_client(), bearer(token()))
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_ready")
    assert 25 < int(answer.headers["Retry-After"]) <= 30, "then the issuer is asked again"


@pytest.mark.parametrize("kind", ["API_KEYS_FILE", "JWT_JWKS_FILE"])
def test_a_worker_that_has_never_read_its_keys_is_not_ready_until_it_has(tmp_path: Path, kind: str) -> None:
    path, good = tmp_path / "new.json", {"keys": []} if kind == "API_KEYS_FILE" else jwks()
    client = started(**{kind: str(path)}, **(TOKENS if kind == "JWT_JWKS_FILE" else {})).test_client()
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["reasons"]) == (503, {"keys": "a file of keys was never read"})
    path.write_text(json.dumps(good))
    assert becomes_ready(client)


def becomes_ready(client: FlaskClient) -> bool:
    """Wait until its files are looked at again."""
    give_up = time.monotonic() + 30
    while (status := client.get("/readyz").status_code) == 503 and time.monotonic() < give_up:
        time.sleep(0.05)
    return status == 200
