"""nginx in front of a real service: TLS, what is closed or too large, and what the service learns of a caller."""

import json
import ssl
import subprocess
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.deploy.conftest import Fronted, address
from tests.deploy.plain_words import say
from tests.e2e.server import until
from tests.pictures import encode, photo_like
from tests.scraped import value

JPEG = encode(photo_like(60, 60), "JPEG")
BIG = 50 << 20


def test_a_photo_gets_its_labels_over_tls(fronted: Fronted) -> None:
    answer = fronted.nginx.predict(JPEG, model="mobilenetv2")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 3
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


def test_plain_http_is_sent_to_https_with_its_method_and_query(fronted: Fronted) -> None:
    answer = requests.post(
        f"http://localhost:{fronted.nginx.plain_port}/predict?top=2", allow_redirects=False, timeout=9
    )
    assert (answer.status_code, answer.headers["Location"]) == (308, f"{fronted.nginx.url}/predict?top=2")


@pytest.mark.parametrize(
    ("version", "is_spoken"),
    [(ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
def test_tls_begins_at_1_2_and_http_2_is_offered(fronted: Fronted, version: ssl.TLSVersion, is_spoken: bool) -> None:
    context = fronted.nginx.context()
    context.set_ciphers("DEFAULT:@SECLEVEL=0")  # so that this side would speak it
    context.minimum_version = context.maximum_version = version
    context.set_alpn_protocols(["h2", "http/1.1"])
    if is_spoken:
        with fronted.nginx.connect(context) as connection:
            assert connection.selected_alpn_protocol() == "h2"
    else:
        with pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"):
            fronted.nginx.connect(context)


@pytest.mark.parametrize(
    "path", ["/metrics", "/v1/metrics", "//metrics", "/%6detrics", "/v1/../metrics", "/./metrics?x=1", "/v1//metrics"]
)
def test_counts_are_closed_to_the_outside_however_they_are_spelled(fronted: Fronted, path: str) -> None:
    assert fronted.service.get("/metrics").status_code == 200
    said = say(fronted.nginx, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
    assert said.status == 404
    assert said.body["code"] == "not_found"


@pytest.mark.parametrize("protocol", ["--http1.1", "--http2"])
@pytest.mark.parametrize("header", ["Expect: 100-continue", "Expect:", "Transfer-Encoding: chunked"])
def test_50_mb_are_refused_and_the_service_never_hears_of_them(
    fronted: Fronted, protocol: str, header: str, tmp_path: Path
) -> None:
    """At once where the caller says how much it is, else when 40 MB have come."""
    with (tmp_path / "big.jpg").open("wb") as big:
        big.truncate(BIG)
    command = ["curl", "--silent", "--cacert", fronted.nginx.certificate, protocol, "--header", header]
    command += ["--form", f"file=@{big.name}", "--write-out", "\n%{http_code} %{content_type}", "--max-time", "60"]
    told = subprocess.run([*command, f"{fronted.nginx.url}/predict"], capture_output=True, text=True, check=False)
    body, _, status = told.stdout.rpartition("\n")
    assert status == "413 application/problem+json", told.stderr
    problem = json.loads(body)
    assert problem["code"] == "upload_too_large"
    event = fronted.nginx.event(problem["request_id"])
    assert event["status"] == 413
    assert event["host"] == "", "none was asked"
    assert all(event["request_id"] != problem["request_id"] for event in fronted.service.events("request"))


def event(fronted: Fronted, request_id: str) -> dict[str, Any]:
    """What the service logged of that request, which it does after it has answered."""

    def found() -> list[dict[str, Any]]:
        return [each for each in fronted.service.events("request") if each["request_id"] == request_id]

    until(found, "no event")
    return found()[0]


def test_what_a_caller_says_of_himself_is_not_believed(fronted: Fronted) -> None:
    claims = "X-Forwarded-For: 9.9.9.9\r\nX-Forwarded-Proto: gopher\r\nX-Request-ID: album-17.a\r\nContent-Length: 0"
    said = say(fronted.nginx, f"POST /predict HTTP/1.1\r\nHost: x\r\n{claims}\r\n\r\n", source="127.0.0.9")
    assert said.body["request_id"] == "album-17.a"
    assert event(fronted, "album-17.a")["peer"] == "127.0.0.9"


def test_both_logs_tell_of_a_request_by_the_same_id(fronted: Fronted) -> None:
    answer = fronted.nginx.predict(JPEG, headers={"X-Request-ID": 'no"id'}, model="mobilenetv2")
    proxied = fronted.nginx.event(answer.headers["X-Request-ID"])
    assert proxied["status"] == event(fronted, proxied["request_id"])["status"] == 200
    assert proxied["host"] == address(fronted.service)
    assert proxied["path"] == "/predict"


def test_no_log_has_a_query_a_referrer_or_a_name_of_a_file_in_it(fronted: Fronted) -> None:
    """Not of a large upload, which other settings would warn of, nor of one that is too large or comes too late."""
    for upload in (JPEG + bytes(3 << 20), bytes(41 << 20)):
        answer = requests.post(
            f"{fronted.nginx.url}/predict?secret=1",
            files={"file": ("secret.jpg", upload)},
            headers={"Referer": "https://secret.example/", "Cookie": "secret=1"},
            verify=fronted.nginx.certificate,
            timeout=60,
        )
        fronted.nginx.event(answer.headers["X-Request-ID"])
    assert "secret" not in (fronted.nginx.folder / "access").read_text() + fronted.nginx.log()


def test_what_the_service_refuses_passes_as_it_is(fronted: Fronted) -> None:
    answer = fronted.nginx.predict(b"no image")
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_format")
    assert value(fronted.service.get("/metrics").text, "triptych_inference_rejected_total", reason="unsupported_format")
