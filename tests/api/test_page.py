"""GET /: the page and what it is made of, as a browser fetches it."""

import gzip
import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.conftest import ROOT

LINK = re.compile(r'(?:href|src)="(page/[^"]+)"')
FILES = sorted(path for path in (ROOT / "web/page").iterdir() if path.name != "index.html")


def fetched(client: FlaskClient, path: str, **headers: str) -> TestResponse:
    return client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})


def assets(client: FlaskClient, prefix: str = "") -> set[str]:
    return {f"{prefix}/{address}" for address in LINK.findall(fetched(client, f"{prefix}/").text)}


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_page_names_all_that_it_is_made_of(client: FlaskClient, prefix: str) -> None:
    """Relative to itself: behind a proxy's prefix too. What is not named would be found late, by what imports it."""
    named = {address.rsplit("/", 1)[1] for address in assets(client, prefix)}
    assert named == {path.name for path in FILES} - {"frame.svg", "broken.svg"}, "those two are the style's"
    for address in assets(client, prefix):
        assert fetched(client, address).status_code == 200


def test_it_is_also_there_without_a_slash(client: FlaskClient) -> None:
    assert fetched(client, "/v1").data == fetched(client, "/v1/").data


def test_nothing_of_it_comes_from_elsewhere_or_stands_in_line(client: FlaskClient) -> None:
    page = fetched(client, "/")
    assert not re.search(r"https?://|<style|\son\w+=|\sstyle=|<script(?! type=\"module\" src=)", page.text)
    directives = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"


def test_a_browser_keeps_the_assets_and_asks_whether_the_page_has_changed(client: FlaskClient) -> None:
    page = fetched(client, "/")
    assert page.headers["Cache-Control"] == "no-cache"
    same = fetched(client, "/", If_None_Match=page.headers["ETag"])
    assert (same.status_code, same.data) == (304, b"")
    assert fetched(client, "/", If_None_Match='"another"').status_code == 200
    for address in assets(client):
        assert fetched(client, address).headers["Cache-Control"] == "public, max-age=31536000, immutable"


def test_an_address_of_another_version_is_answered_and_not_kept(client: FlaskClient) -> None:
    other = fetched(client, "/page/0123456789ab/main.js")
    assert other.data == (ROOT / "web/page/main.js").read_bytes()
    assert other.headers["Cache-Control"] == "no-store"
    assert fetched(client, "/page/0123456789ab/other.js").get_json()["code"] == "not_found"
    assert fetched(client, "/page/0123456789ab/..%2Fpage.py").get_json()["code"] == "not_found"


@pytest.mark.parametrize("path", ["/", "/docs/swagger-ui-bundle.js", "/openapi.yaml"])
def test_who_reads_gzip_gets_gzip(client: FlaskClient, path: str) -> None:
    plain = fetched(client, path)
    small = fetched(client, path, Accept_Encoding="br, gzip;q=0.5")
    assert "Content-Encoding" not in plain.headers
    assert small.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(small.data) == plain.data
    assert len(small.data) < len(plain.data) / 2
    for answer in (plain, small):
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert int(answer.headers["Content-Length"]) == len(answer.data)
    refused = fetched(client, path, Accept_Encoding="gzip;q=0")
    assert refused.data == plain.data


def test_it_is_small(client: FlaskClient) -> None:
    """All of it, as it is sent; the issue allows 100 KB."""
    addresses = {"/", *assets(client)}
    sent = sum(len(fetched(client, address, Accept_Encoding="gzip").data) for address in addresses)
    assert sent < 40_000
    assert sum(path.stat().st_size for path in FILES) < 100_000
