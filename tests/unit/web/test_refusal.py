"""The answer that is written without an application."""

import json
from typing import Any

import pytest

from web.refusal import brings_images, overloaded

ORIGINS = ("https://page.example",)


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        (b"POST /predict HTTP/1.1\r\n", True),
        (b"POST /v1/predict?top=5 HTTP/1.1\r\n", True),
        (b"POST /%70redict HTTP/1.1\r\n", True),
        (b"POST /v1%2Fpredict HTTP/1.1\r\n", True),
        (b"POST http://h/predict HTTP/1.1\r\n", True),
        (b"POST HTTP://user@h:5000/v1/predict?top=5 HTTP/1.1\r\n", True),
        (b"POST /predict#x HTTP/1.1\r\n", True),
        (b"POST /jobs HTTP/1.1\r\n", True),
        (b"POST /v1/jobs?top=5 HTTP/1.1\r\n", True),
        (b"POST /%6aobs HTTP/1.1\r\n", True),
        (b"POST /jobs/0123456789abcdef0123456789abcdef HTTP/1.1\r\n", False),
        (b"GET /jobs/0123456789abcdef0123456789abcdef HTTP/1.1\r\n", False),
        (b"DELETE /jobs/0123456789abcdef0123456789abcdef HTTP/1.1\r\n", False),
        (b"POST /%2570redict HTTP/1.1\r\n", False),
        (b"POST http://predict HTTP/1.1\r\n", False),
        (b"POST /models?/predict HTTP/1.1\r\n", False),
        (b"POST /predictions HTTP/1.1\r\n", False),
        (b"POST /predict", False),  # it may go on
        (b"post /predict HTTP/1.1\r\n", False),
        (b"OPTIONS /predict HTTP/1.1\r\n", False),
        (b"GET /readyz HTTP/1.1\r\n", False),
        (b"", False),
    ],
)
def test_only_what_brings_images_is_refused(head: bytes, refused: bool) -> None:
    assert brings_images(head) is refused


def answer(*lines: str, origins: tuple[str, ...] = ORIGINS) -> tuple[dict[str, str], dict[str, Any]]:
    head = "\r\n".join(["POST /v1/predict HTTP/1.1", *lines]).encode() + b"\r\n\r\n"
    top, _, body = overloaded(head, 7, origins).answer.decode().partition("\r\n\r\n")
    status, *headers = top.split("\r\n")
    assert status == "HTTP/1.1 503 Service Unavailable"
    found = dict(line.split(": ", 1) for line in headers)
    assert int(found["Content-Length"]) == len(body)
    return found, json.loads(body)


def test_it_is_the_problem_that_the_application_would_answer() -> None:
    headers, body = answer("X-Request-ID: caller-0001")
    assert headers["Retry-After"] == "7"
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Request-ID"] == body["request_id"] == "caller-0001"
    assert (body["status"], body["code"], body["instance"]) == (503, "overloaded", "/v1/predict")
    assert set(body) == {"type", "title", "status", "detail", "instance", "error", "code", "request_id"}


def test_an_id_that_is_none_is_replaced() -> None:
    _, body = answer("X-Request-ID: <script>")
    assert len(body["request_id"]) == 32


def test_a_page_of_an_allowed_origin_can_read_it_and_no_other() -> None:
    allowed, _ = answer("origin: https://page.example")
    assert allowed["Access-Control-Allow-Origin"] == "https://page.example"
    assert allowed["Vary"] == "Origin"
    assert "Retry-After" in allowed["Access-Control-Expose-Headers"]
    assert "Access-Control-Allow-Origin" not in answer("Origin: https://evil.example")[0]
    assert answer("Origin: https://any.example", origins=("*",))[0]["Access-Control-Allow-Origin"] == "*"
