"""A service that is busy, gone, slow, or asks for a key: nothing is lost, and the visitor is told."""

import os
import re
import signal
import time
from collections.abc import Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.pages import Pages
from tests.browser.visit import becomes, card, choose, labels, photo, ready
from tests.e2e.crowd import Caller, body, queued
from tests.e2e.server import Server, run_flask, running, stopped, until
from tests.listening import listening
from tests.pictures import encode, photo_like
from tests.served import mobilenet

CALLERS = 12


@pytest.fixture
def settings(small_cache: Path) -> dict[str, str]:
    return mobilenet(small_cache)


@pytest.fixture
def narrow(settings: dict[str, str], tmp_path: Path) -> Iterator[Server]:
    """One worker, for which one may wait."""
    with running(tmp_path / "log", WORKERS="1", MAX_WAITING="1", **settings) as server:
        yield server


def test_a_photo_that_is_refused_comes_again_when_it_is_told_to(narrow: Server, open_page: Pages) -> None:
    """The oldest are refused when a worker finds a crowd: the page's, for it came before the others."""
    page = ready(open_page(narrow.url, allowed=["status of 503", "net::ERR_"]))
    (worker,) = narrow.workers(1)
    port = int(narrow.url.rpartition(":")[2])
    upload = body(encode(photo_like(60, 60), "JPEG"))
    callers = [Caller(narrow, "POST", "/predict", upload) for _ in range(CALLERS)]
    with page.expect_response("**/predict") as refused, stopped(worker):
        choose(page, photo("one.jpg"), photo("two.jpg", 2))
        until(lambda: queued(port) >= 2, "both are sent")
        for caller in callers:
            caller.start()
        until(lambda: queued(port) >= 2 + CALLERS, "the others came after them")
    assert refused.value.status == 503
    found = card(page, "one.jpg")
    becomes(found, "done")
    becomes(card(page, "two.jpg"), "done")
    for caller in callers:
        caller.join()
    answered = 2 + sum(caller.answer is not None and caller.answer.status == 200 for caller in callers)

    def events() -> list[dict[str, Any]]:
        return [event for event in narrow.events("request") if event.get("images") and event["status"] == 200]

    until(lambda: len(events()) >= answered, "an event comes after its answer")
    assert len(events()) == answered, "the page's two, each once, and those of the callers"


def test_a_busy_service_is_told_of_with_the_time_until_the_next_try(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url, allowed=["status of 503", "net::ERR_"]))
    (worker,) = narrow.workers(1)
    port = int(narrow.url.rpartition(":")[2])
    upload = body(encode(photo_like(60, 60), "JPEG"))
    crowd = [Caller(narrow, "POST", "/predict", upload) for _ in range(8 * CALLERS)]  # so that Retry-After is long
    with stopped(worker):
        choose(page, photo("one.jpg"))
        becomes(card(page, "one.jpg"), "asked")  # all of it is sent, so that it is older than the crowd
        until(lambda: queued(port) >= 1, "it is sent")
        for caller in crowd:
            caller.start()
        until(lambda: queued(port) >= 1 + len(crowd) // 2, "a crowd came after it")
    found = card(page, "one.jpg")
    expect(found).to_contain_text("The service is busy.")
    expect(found).to_contain_text(re.compile(r"Trying again in \d+ s|Trying again soon"))
    found.get_by_role("button", name="Try now").click()
    becomes(found, "done")
    for caller in crowd:
        caller.join()


def test_a_service_that_is_gone_is_waited_for(settings: dict[str, str], tmp_path: Path, open_page: Pages) -> None:
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        page = ready(open_page(server.url, allowed=["net::ERR_"]))
        port = server.url.rpartition(":")[2]
    choose(page, photo("one.jpg"), photo("two.jpg"))
    for name in ("one.jpg", "two.jpg"):
        expect(card(page, name)).to_contain_text("The service can't be reached.")
    card(page, "two.jpg").get_by_role("button", name="Cancel").click()
    becomes(card(page, "two.jpg"), "cancelled")
    with running(tmp_path / "log2", "--bind", f"127.0.0.1:{port}", WORKERS="1", **settings):
        becomes(card(page, "one.jpg"), "done")
        becomes(card(page, "two.jpg"), "cancelled")


class Gateway(BaseHTTPRequestHandler):
    """What a proxy says while the service behind it is started anew: first that it is gone, then when it is back."""

    has_begun = False

    def do_GET(self) -> None:
        self.answer(502)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        soon = ("Retry-After", formatdate(time.time() + 1, usegmt=True))
        self.answer(*((503, soon) if Gateway.has_begun else (502,)))
        Gateway.has_begun = True

    def answer(self, status: int, *headers: tuple[str, str]) -> None:
        text = b"<h1>Bad gateway</h1>"
        self.send_response(status)
        for name, value in (("Content-Type", "text/html"), ("Content-Length", str(len(text))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_proxy_whose_service_is_started_anew_is_waited_for(
    settings: dict[str, str], tmp_path: Path, open_page: Pages
) -> None:
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        page = ready(open_page(server.url, allowed=["status of 50", "net::ERR_"]))
        port = int(server.url.rpartition(":")[2])
    found = card(page, "one.jpg")
    with listening(Gateway, port):
        choose(page, photo("one.jpg"))
        expect(found).to_contain_text("The service can't be reached.")
        expect(found).to_contain_text("The service is busy.")
    with running(tmp_path / "log2", "--bind", f"127.0.0.1:{port}", WORKERS="1", **settings):
        becomes(found, "done")


@pytest.mark.slow
def test_an_upload_that_stalls_is_begun_anew(settings: dict[str, str], tmp_path: Path, open_page: Pages) -> None:
    """As on a phone that goes through a tunnel: nothing breaks, and nothing comes through."""
    with running(tmp_path / "log", WORKERS="1", DEADLINE_S="1", **settings) as server:
        page = ready(open_page(server.url, allowed=["net::ERR_"]))
        page.get_by_text("Options").click()
        page.get_by_label("Send the original").check()
        noise = np.random.default_rng(1).integers(0, 256, (1700, 1700, 3), dtype=np.uint8)
        (worker,) = server.workers(1)
        with stopped(worker):
            choose(
                page, {"name": "large.png", "mimeType": "image/png", "buffer": encode(noise, "PNG", compress_level=0)}
            )
            found = card(page, "large.png")
            expect(found).to_contain_text("Sending")
            expect(found).to_contain_text("The service can't be reached.")
        becomes(found, "done")


def test_what_waits_can_be_cancelled_and_asked_again(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url, allowed=["net::ERR_", "status of 503"]))
    (worker,) = narrow.workers(1)
    names = [f"{n}.jpg" for n in range(6)]  # more than are sent at once
    with stopped(worker):
        choose(page, *(photo(name, n) for n, name in enumerate(names)))
        becomes(card(page, "0.jpg"), "asked")
        expect(card(page, "0.jpg")).to_contain_text("Looking")
        expect(card(page, "5.jpg")).to_contain_text("Waiting")
        for name in ("0.jpg", "5.jpg"):
            card(page, name).get_by_role("button", name="Cancel").click()
            becomes(card(page, name), "cancelled")
            expect(card(page, name).get_by_role("button", name="Copy curl")).to_be_focused()
    for name in names[1:5]:
        becomes(card(page, name), "done")
    card(page, "0.jpg").get_by_role("button", name="Ask again").click()
    becomes(card(page, "0.jpg"), "done")
    becomes(card(page, "5.jpg"), "cancelled")


def test_a_photo_that_is_removed_is_asked_about_no_more(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url, allowed=["net::ERR_"]))
    (worker,) = narrow.workers(1)
    with stopped(worker):
        choose(page, photo("one.jpg"), photo("two.jpg"))
        becomes(card(page, "one.jpg"), "asked")
        card(page, "one.jpg").get_by_role("button", name="Remove").click()
        expect(card(page, "one.jpg")).to_have_count(0)
    becomes(card(page, "two.jpg"), "done")
    expect(page.locator("#count")).to_have_text("1 of 1 answered")
    page.get_by_role("button", name="Remove all").click()  # of one photo, and so without a question
    expect(page.get_by_role("heading", name="Photos")).to_be_hidden()


def test_a_second_click_on_cancel_does_not_ask_again(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url, allowed=["net::ERR_"]))
    (worker,) = narrow.workers(1)
    with stopped(worker):
        choose(page, photo("one.jpg"))
        becomes(card(page, "one.jpg"), "asked")
        card(page, "one.jpg").get_by_role("button", name="Cancel").dblclick()
        becomes(card(page, "one.jpg"), "cancelled")


def test_what_was_found_before_stays_until_something_new_is(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url, allowed=["net::ERR_"]))
    choose(page, photo("one.jpg"))
    found = card(page, "one.jpg")
    becomes(found, "done")
    before = labels(found)
    (worker,) = narrow.workers(1)
    with stopped(worker):
        found.get_by_role("button", name="Ask again").click()
        becomes(found, "asked")
        expect(found).to_contain_text("Found before:")
        assert labels(found) == before
        found.get_by_role("button", name="Cancel").click()
        becomes(found, "done")
        expect(found).not_to_contain_text("Found before:")
    assert labels(found) == before


def test_a_worker_that_dies_over_a_photo_costs_a_second_try(
    settings: dict[str, str], tmp_path: Path, open_page: Pages
) -> None:
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        page = ready(open_page(server.url, allowed=["net::ERR_"]))
        (worker,) = server.workers(1)
        with stopped(worker):
            choose(page, photo("one.jpg"))
            becomes(card(page, "one.jpg"), "asked")
            os.kill(worker, signal.SIGKILL)
        becomes(card(page, "one.jpg"), "done")


@pytest.fixture
def guarded(settings: dict[str, str], tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """A service that wants a key, and one."""
    file = tmp_path / "keys.json"
    made = run_flask("keys", "create", "visitor", API_KEYS_FILE=str(file))
    assert made.returncode == 0, made.stderr
    with running(tmp_path / "log", WORKERS="1", API_KEYS_FILE=str(file), **settings) as server:
        yield server, made.stdout.strip()


def test_a_key_is_asked_for_kept_for_the_tab_and_told_to_nobody(guarded: tuple[Server, str], open_page: Pages) -> None:
    server, key = guarded
    page = open_page(server.url, permissions=["clipboard-read", "clipboard-write"])
    field = page.get_by_label("Key")
    expect(field).to_be_visible()
    choose(page, photo("one.jpg"))
    found = card(page, "one.jpg")
    expect(found).to_contain_text("A key is needed")
    expect(found).to_contain_text("Waiting for a key")
    field.fill(key)
    field.press("Enter")
    becomes(found, "done")
    assert len(labels(found)) == 3
    found.get_by_role("button", name="Copy curl").click()
    expect(found.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert '-H "X-API-Key: $TRIPTYCH_KEY"' in copied
    assert key not in copied
    page.reload()
    expect(field).to_have_value(key)
    choose(page, photo("two.jpg"))
    becomes(card(page, "two.jpg"), "done")


def test_a_wrong_key_is_not_tried_for_every_photo(guarded: tuple[Server, str], open_page: Pages) -> None:
    server, key = guarded
    page = ready(open_page(server.url, allowed=["status of 401"]))
    field = page.get_by_label("Key")
    for wrong, told in [("клю…ч", "has a character that no key has"), ("0123456789ab.wrong", "is not taken")]:
        field.fill(wrong)
        field.press("Enter")
        choose(page, *(photo(f"{wrong}-{n}.jpg", n) for n in range(8)))
        expect(page.get_by_role("listitem").filter(has_text=told).first).to_be_visible()
        expect(field).to_have_attribute("aria-invalid", "true")
    field.fill(key)
    field.press("Enter")
    expect(page.locator("#count")).to_have_text("16 of 16 answered")
    expect(field).not_to_have_attribute("aria-invalid", "true")
    refused = [event for event in server.events("request") if event["status"] == 401]
    assert 1 <= len(refused) <= 4, "those that were on their way"


def test_what_is_said_of_the_old_key_is_not_held_against_the_new(guarded: tuple[Server, str], open_page: Pages) -> None:
    server, key = guarded
    page = ready(open_page(server.url, allowed=["status of 401", "status of 503", "net::ERR_"]))
    field = page.get_by_label("Key")
    field.fill("0123456789ab.wrong")
    (worker,) = server.workers(1)
    with stopped(worker):
        choose(page, *(photo(f"{n}.jpg", n) for n in range(6)))
        becomes(card(page, "3.jpg"), "asked")
        field.fill(key)
        field.press("Enter")
    expect(page.locator("#count")).to_have_text("6 of 6 answered")
    expect(field).not_to_have_attribute("aria-invalid", "true")


def test_a_key_that_is_needed_from_now_on_is_asked_for(
    settings: dict[str, str], tmp_path: Path, open_page: Pages
) -> None:
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        page = ready(open_page(server.url, allowed=["status of 401", "net::ERR_"]))
        port = server.url.rpartition(":")[2]
    file = tmp_path / "keys.json"
    key = run_flask("keys", "create", "visitor", API_KEYS_FILE=str(file)).stdout.strip()
    restarted = {"API_KEYS_FILE": str(file), **settings}
    with running(tmp_path / "log2", "--bind", f"127.0.0.1:{port}", WORKERS="1", **restarted):
        choose(page, photo("one.jpg"))
        becomes(card(page, "one.jpg"), "failed")
        page.get_by_label("Key").fill(key)
        card(page, "one.jpg").get_by_role("button", name="Ask again").click()
        becomes(card(page, "one.jpg"), "done")


def test_a_refusal_that_no_key_can_change_is_asked_for_once(narrow: Server, open_page: Pages) -> None:
    """As by what stands before the service, which itself asks for no key."""
    page = ready(open_page(narrow.url, allowed=["status of 403"]))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/predict", lambda route: route.fulfill(status=403, json={"code": "forbidden", "error": "Forbidden"}))
    choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "failed")
    with page.expect_request("**/models"):
        page.evaluate("() => fetch('models')")
    assert sum(url.endswith("/predict") for url in asked) == 1


def test_without_a_need_for_one_no_key_is_asked_for(narrow: Server, open_page: Pages) -> None:
    page = ready(open_page(narrow.url))
    expect(page.get_by_label("Key")).to_be_hidden()
