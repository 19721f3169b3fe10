"""Debian's Chromium, driven by Playwright: it brings a driver and no browser."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import playwright as package
import pytest
from playwright.sync_api import Browser, expect, sync_playwright

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
PATIENCE_MS = 30_000  # of expect(), too: its own 5 s are few for a loaded machine and three networks


@contextmanager
def launched() -> Iterator[Browser]:
    """Start Chromium; skip the test where it, or what drives it, is absent.

    Until it has ended, Playwright's event loop counts as running in this thread: asyncio.run() is refused meanwhile.
    """
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("needs chromium (Debian: apt-get install chromium)")
    if not DRIVER.exists():
        pytest.skip(f"needs Playwright's driver, which is part of its wheel for this machine: {DRIVER}")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()
