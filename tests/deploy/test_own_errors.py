"""What nginx refuses itself, in the shape of what the service refuses."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.deploy.conftest import Fronted
from tests.deploy.fake_hosts import Front, host
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


def test_uploads_that_find_no_room_are_told_to_come_again(front: Front) -> None:
    """The tmpfs is full of others'."""
    nginx = front.of(host())
    with small(nginx.folder / "cache/body"):
        full = requests.post(f"{nginx.url}/predict", data=bytes(5 << 20), verify=nginx.certificate, timeout=60)
    assert (full.status_code, full.json()["code"], full.headers["Retry-After"]) == (503, "overloaded", "5")
    assert requests.post(f"{nginx.url}/predict", data=bytes(5 << 20), verify=nginx.certificate, timeout=60).ok


@contextmanager
def small(folder: Path) -> Iterator[None]:
    """Give the folder room for 2 MB meanwhile."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("needs to mount a tmpfs (root)")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
