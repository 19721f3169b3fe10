"""The harness can fail: pages that do what ours must not."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import assert_accessible, axe
from tests.browser.pages import Pages
from tests.listening import listening

STRICT = "default-src 'none'; script-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
GOOD = '<!doctype html><html lang="en"><title>t</title><main><h1>t</h1>%s</main></html>'
PICTURE = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">'


@contextmanager
def served(body: str, policy: str = "") -> Iterator[str]:
    """Serve one small page, whatever is asked for but what is absent."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(404 if "absent" in self.path else 200)  # Chromium asks for a favicon too
            self.send_header("Content-Type", "text/html; charset=utf-8")
            if policy:
                self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((GOOD % body).encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        yield f"{address}/"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serves pages until the test's browser, asked for after it, has closed them."""
    with ExitStack() as stack:
        yield lambda *page: stack.enter_context(served(*page))


COMPLAINTS = {
    "an inline script that the policy refuses": ("<script>1</script>", STRICT, "Content Security Policy"),
    "an error in the console": ("<script>console.error('broken')</script>", "", "console error: broken"),
    "a warning in the console": ("<script>console.warn('old')</script>", "", "console warning: old"),
    "an exception": ("<script>nowhere.at.all</script>", "", "exception: nowhere is not defined"),
    "a rejection": ("<script>Promise.reject(new Error('lost'))</script>", "", "exception: lost"),
    "another host": ('<img alt="" src="http://other.invalid/x.png">', "", "another host: http://other.invalid/x.png"),
    "a socket": ("<script>new WebSocket('ws://other.invalid/x')</script>", "", "another host: ws://other.invalid/x"),
    "a missing file": ('<img alt="" src="absent.png">', "", "status of 404"),
}


@pytest.mark.parametrize(("body", "policy", "said"), COMPLAINTS.values(), ids=COMPLAINTS)
def test_a_page_that_does_what_it_should_not_fails_its_test(
    body: str, policy: str, said: str, chromium: Browser
) -> None:
    with served(body, policy) as url:
        with pytest.raises(AssertionError, match=re.escape(said)), Pages(chromium) as open_page:
            open_page(url)
        with Pages(chromium) as open_page:
            open_page(url, allowed=[said, "net::ERR"])


def test_a_good_page_has_its_way_under_the_strictest_policy(serve: Callable[..., str], open_page: Pages) -> None:
    page = open_page(serve("", STRICT), width=390, height=844, scheme="dark", mobile=True)
    assert page.title() == "t"
    assert page.viewport_size == {"width": 390, "height": 844}
    for query in ("(prefers-color-scheme: dark)", "(prefers-reduced-motion: reduce)", "(pointer: coarse)"):
        assert page.evaluate("(query) => matchMedia(query).matches", query), query
    assert_accessible(page)


@pytest.mark.parametrize("policy", ["", STRICT])
def test_axe_names_the_rule_and_shows_the_element(policy: str, serve: Callable[..., str], open_page: Pages) -> None:
    page = open_page(serve(PICTURE, policy), allowed=["img-src"])
    (found,) = axe(page)
    assert found.rule == "image-alt"
    with pytest.raises(AssertionError, match=r"(?s)image-alt: .*<img src=.data:image/gif"):
        assert_accessible(page)


def test_axe_knows_best_practice_too(serve: Callable[..., str], open_page: Pages) -> None:
    page = open_page(serve("<h4>too deep</h4>"))
    assert [found.rule for found in axe(page)] == ["heading-order"]
