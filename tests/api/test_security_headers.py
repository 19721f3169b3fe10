"""What every answer tells a browser."""

import io

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from tests.api.jobs import made, service, submit
from tests.pictures import encode, photo_like
from web.refusal import overloaded
from web.security import SECURITY_HEADERS

PNG = encode(photo_like(30, 40), "PNG")


def test_every_answer_has_them_the_good_and_the_bad(client: FlaskClient) -> None:
    answers = [client.get(path) for path in ("/livez", "/readyz", "/models", "/nowhere", "/predict")]
    answers += [client.post("/jobs"), client.get("/jobs/x"), client.delete("/jobs/x")]
    answers += [client.post("/predict"), client.post("/predict", data={"file": (io.BytesIO(PNG), "x")})]
    assert {answer.status_code for answer in answers} == {200, 503, 404, 405, 400}
    for answer in answers:
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


@pytest.mark.parametrize(
    ("method", "path", "kept"),
    [
        ("POST", "/predict", False),
        ("GET", "/nowhere", False),
        ("GET", "/readyz", False),
        ("GET", "/models", True),
        ("GET", "/livez", True),
    ],
)
def test_no_cache_keeps_a_prediction_or_an_error(client: FlaskClient, method: str, path: str, kept: bool) -> None:
    data = {"file": (io.BytesIO(PNG), "x")} if method == "POST" else None
    assert ("Cache-Control" not in client.open(path, method=method, data=data).headers) is kept


def test_no_cache_keeps_a_job(redis_url: str) -> None:
    client = service(redis_url)
    answers = [client.get(f"/jobs/{made(client)}"), client.delete(f"/jobs/{made(client)}"), submit(client)]
    assert [answer.status_code for answer in answers] == [200, 200, 202]
    for answer in answers:
        assert answer.headers["Cache-Control"] == "no-store"
        assert {name: answer.headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS


def test_a_view_may_set_its_own(app: Flask) -> None:
    @app.get("/page")
    def page() -> Response:
        return Response("<p>", headers={"Content-Security-Policy": "default-src 'self'"})

    answer = app.test_client().get("/page")
    assert answer.headers.getlist("Content-Security-Policy") == ["default-src 'self'"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_answer_that_is_written_by_hand_has_them_too() -> None:
    head, _, _ = overloaded(b"POST /predict HTTP/1.1\r\n\r\n", 1, ()).answer.decode().partition("\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.split("\r\n")[1:])
    assert {name: headers[name] for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert headers["Cache-Control"] == "no-store"
