"""A browser for the tests of the page."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect

from bench.chromium import NoBrowser, launched
from tests.browser.pages import Pages

PATIENCE_MS = 30_000  # of expect(): its own 5 s are few for a loaded machine and three networks


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this folder; gone before those of the next, which may want a loop of their own."""
    expect.set_options(timeout=PATIENCE_MS)
    with ExitStack() as stack:
        try:
            browser = stack.enter_context(launched())
        except NoBrowser as error:
            pytest.skip(str(error))
        yield browser


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Pages]:
    """Opens pages; the test fails where one of them complains, raises or asks another host."""
    with Pages(chromium) as pages:
        yield pages
