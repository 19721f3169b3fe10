"""Debian's Chromium, driven by Playwright: it brings a driver and no browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright as package
from playwright.sync_api import Browser, sync_playwright

ARGUMENTS = (
    "--no-sandbox",  # refused to root, who runs these tests in CI
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name is looked up: a page that asks another host is told so at once, and nothing leaves the machine.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)
DRIVER = Path(package.__file__).parent / "driver/node"


class NoBrowser(Exception):
    """There is no browser to be had; `str(error)` names what is missing."""


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium.  Raises: NoBrowser: it, or what drives it, is absent.

    Until it has ended, Playwright's event loop counts as running in this thread: asyncio.run() is refused meanwhile.
    """
    executable = shutil.which("chromium")
    if executable is None:
        raise NoBrowser("needs chromium (Debian: apt-get install chromium)")
    if not DRIVER.exists():
        raise NoBrowser(f"needs Playwright's driver, which is part of its wheel for this machine: {DRIVER}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
