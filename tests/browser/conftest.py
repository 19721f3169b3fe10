"""A browser for the tests of the page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.chromium import launched
from tests.browser.pages import Pages


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of this folder; gone before those of the next, which may want a loop of their own."""
    with launched() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Pages]:
    """Opens pages; the test fails where one of them complains, raises or asks another host."""
    with Pages(chromium) as pages:
        yield pages
