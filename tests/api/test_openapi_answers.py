"""What the service answers is what the OpenAPI document says of that operation: status, headers, shape."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from flask.testing import FlaskClient
from jsonschema import ValidationError
from werkzeug.test import TestResponse

from tests.api.conftest import started
from tests.api.test_openapi import DOCUMENT, matches, resolved
from tests.pictures import encode, multipart, photo_like

UPLOAD = multipart(encode(photo_like(30, 40), "PNG"))
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
JOBS = [each for each in OPERATIONS if each[0].startswith("/jobs")]
GUARDED = [each for each in OPERATIONS if "security" not in DOCUMENT["paths"][each[0]][each[1]]]
FILES = [each for each in OPERATIONS if each[0].startswith(("/docs", "/openapi", "/page")) or each[0] == "/"]
every = pytest.mark.parametrize(("path", "method"), OPERATIONS)
guarded = pytest.mark.parametrize(("path", "method"), GUARDED)
files = pytest.mark.parametrize(("path", "method"), FILES)


def url_of(path: str) -> str:
    path = path.replace("{version}/{asset}", "4f2d9c1a77b0/main.js").replace("{asset}", "start.js")
    return path.replace("{name}", "resnet50").replace("{job_id}", "0" * 32)


def ask(client: FlaskClient, path: str, method: str, **headers: str) -> TestResponse:
    """Ask it what its description allows; the answer is read whole, and is as described."""
    body: dict[str, Any] = UPLOAD if method == "post" else {}
    answer = client.open(url_of(path), method=method.upper(), headers=list(headers.items()), buffered=True, **body)
    answer.close()
    described(answer, DOCUMENT["paths"][path][method]["responses"])
    return answer


def described(answer: TestResponse, responses: dict[str, Any]) -> None:
    assert str(answer.status_code) in responses
    response = resolved(responses[str(answer.status_code)])
    for name, header in response["headers"].items():
        is_needed = resolved(header).get("required", False)
        assert name in answer.headers or not is_needed, f"{name} is promised"
    for name in {"Retry-After", "WWW-Authenticate", "Allow"} & set(answer.headers.keys()):
        assert name in response["headers"], f"{name} is not described"
    if content := response.get("content"):
        assert answer.mimetype in content
        if answer.is_json:
            matches(content[answer.mimetype]["schema"], answer.get_json())


def test_headers_are_promised_where_they_are_always_sent() -> None:
    not_always = [
        (response["description"], name)
        for response in DOCUMENT["components"]["responses"].values()
        for name, header in response["headers"].items()
        if not resolved(header).get("required")
    ]
    assert not_always == [("Service Unavailable.", "Retry-After")], "weights_missing has none"


@every
def test_an_answer_is_described(path: str, method: str) -> None:
    """Without a Redis, of jobs only that there are none; test_openapi_jobs.py has one."""
    assert ask(started().test_client(), path, method).status_code == (404 if (path, method) in JOBS else 200)


@every
def test_so_is_another_method(path: str, method: str) -> None:
    answer = started().test_client().patch(url_of(path))
    assert answer.status_code == 405
    described(answer, DOCUMENT["paths"][path][method]["responses"])


@pytest.mark.parametrize("path", ["/readyz", "/healthz"])
def test_so_is_a_worker_that_is_not_ready(client: FlaskClient, path: str) -> None:
    answer = ask(client, path, "get")
    assert answer.status_code == 503
    schema = DOCUMENT["components"]["responses"]["NotReady"]["content"]["application/problem+json"]["schema"]
    with pytest.raises(ValidationError):
        matches(schema, {name: value for name, value in answer.get_json().items() if name != "reasons"})
    assert answer.get_json()["reasons"] == {"inceptionv3": "float32.tflite is not the file that was prepared"}


@guarded
def test_so_is_a_caller_without_a_credential_or_with_one_for_something_else(
    keys: dict[str, str], path: str, method: str
) -> None:
    client = started(API_KEYS_FILE=keys["file"]).test_client()
    other = keys["predict" if (path, method) in JOBS else "jobs"]
    assert ask(client, path, method).status_code == 401
    assert ask(client, path, method, **{"X-API-Key": other}).status_code == 403


@guarded
def test_so_is_a_credential_that_can_not_be_judged(tmp_path: Path, path: str, method: str) -> None:
    (tmp_path / "keys.json").write_text("{half")
    (tmp_path / "jwks.json").write_text(json.dumps({"keys": []}))
    by_key = started(API_KEYS_FILE=str(tmp_path / "keys.json")).test_client()
    tokens = {"JWT_ISSUER": "x", "JWT_AUDIENCE": "y"}
    by_token = started(JWT_JWKS_FILE=str(tmp_path / "jwks.json"), **tokens).test_client()
    assert ask(by_key, path, method, **{"X-API-Key": "x"}).status_code == 503
    assert (
        ask(by_token, path, method, Authorization="Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AA").status_code == 503
    )


def test_so_is_a_caller_who_asks_too_often() -> None:
    client = started(RATE_LIMIT="1/hour").test_client()
    assert [ask(client, "/predict", "post").status_code for _ in range(2)] == [200, 429]


def test_so_are_the_figures_in_the_other_format() -> None:
    answer = ask(started().test_client(), "/metrics", "get", Accept="application/openmetrics-text; version=1.0.0")
    assert answer.mimetype == "application/openmetrics-text"


@files
def test_a_file_that_the_caller_has_is_not_sent_again(path: str, method: str) -> None:
    client = started().test_client()
    etag = ask(client, path, method).headers["ETag"]
    assert ask(client, path, method, **{"If-None-Match": etag}).status_code == 304


@files
@pytest.mark.parametrize(
    "headers",
    [{"Range": "bytes=0-3"}, {"Range": "bytes=9999999-"}, {"Range": "rubbish"}, {"If-Match": '"other"'},
     {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"Range": "bytes=0-3", "If-Range": '"other"'}],
)  # fmt: skip
def test_no_part_of_a_file_is_to_be_had(path: str, method: str, headers: dict[str, str]) -> None:
    client = started().test_client()
    answer = ask(client, path, method, **headers)
    assert (answer.status_code, answer.data) == (200, ask(client, path, method).data)
    assert answer.headers.get("Accept-Ranges", "none") == "none"


@pytest.mark.parametrize("models", [["resnet50", "mobilenetv2"], ["resnet50,mobilenetv2"], ["resnet50"]])
def test_models_can_be_repeated_as_the_document_says(models: list[str]) -> None:
    client = started(MODELS="resnet50,mobilenetv2").test_client()
    parameters = map(resolved, DOCUMENT["paths"]["/predict"]["post"]["parameters"])
    matches(next(each["schema"] for each in parameters if each["name"] == "model"), models)
    answer = client.post("/predict", query_string=[("model", model) for model in models], **UPLOAD)
    described(answer, DOCUMENT["paths"]["/predict"]["post"]["responses"])
    assert answer.status_code == (200 if models == ["resnet50"] else 500), "mobilenetv2 is broken here"


@pytest.mark.parametrize("place", ["/", "/v1/", "/behind/a/proxy/", "/behind/v1/"])
def test_it_is_tried_where_the_document_lies(place: str) -> None:
    (server,) = DOCUMENT["servers"]
    assert urljoin(f"https://host{place}openapi.yaml", server["url"]) == f"https://host{place}"
