"""What nginx refuses itself, in the shape of what the service refuses."""

import pytest
import requests

from tests.deploy.conftest import Fronted
from tests.deploy.plain_words import check_problem, say

BIG = 50 << 20
OWN: dict[str, tuple[str, str, int]] = {  # what is said, and which of the service's problems is the answer
    "a head that is none": ("G@T / HTTP/1.1\r\nHost: x\r\n\r\n", "malformed_body", 400),
    "no host": ("GET / HTTP/1.1\r\n\r\n", "malformed_body", 400),
    "a header too long": ("GET / HTTP/1.1\r\nHost: x\r\nX: " + 9000 * "x" + "\r\n\r\n", "malformed_body", 400),
    "an address too long": ("GET /" + 9000 * "x" + " HTTP/1.1\r\nHost: x\r\n\r\n", "malformed_body", 400),
    "an encoding that nobody knows": (
        "POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: zip\r\n\r\n",
        "malformed_body",
        400,
    ),
    "a method that nobody knows": ("TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", "method_not_allowed", 405),
    "a closed address": ('GET /metrics?a="b HTTP/1.1\r\nHost: x\r\n\r\n', "not_found", 404),
    "a path with a quote": ('GET /%2e%2e/metrics"\\ HTTP/1.1\r\nHost: x\r\n\r\n', "malformed_body", 400),
    "too much": (f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {BIG}\r\n\r\n", "upload_too_large", 413),
    "too much for a page": (
        f"POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: {1 << 20}\r\n\r\n",
        "upload_too_large",
        413,
    ),
}


@pytest.mark.parametrize("case", OWN)
def test_what_nginx_refuses_itself_looks_like_what_the_service_refuses(fronted: Fronted, case: str) -> None:
    head, code, status = OWN[case]
    said = say(fronted.nginx, head)
    assert said.status == status
    check_problem(said, code)


def test_plain_http_on_the_port_for_https_is_told_so(fronted: Fronted) -> None:
    answer = requests.get(f"http://localhost:{fronted.nginx.port}/", timeout=9)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    ("origin", "may_call"),
    [("http://page.example", True), ("http://page.example.evil", False), ("https://other.example", True)],
)
def test_a_page_that_may_call_can_read_our_own_errors(fronted: Fronted, origin: str, may_call: bool) -> None:
    said = say(fronted.nginx, f"GET /metrics HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n")
    assert said.status == 404
    assert said.headers.get("access-control-allow-origin") == (origin if may_call else None)
