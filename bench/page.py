"""What the page costs a visitor: bytes, time until it can be used, and what moves meanwhile, in Chromium.

python -m bench.page URL    of a service that runs, as http://127.0.0.1:5000/

Each load in a profile of its own, so that nothing is known yet; then once more, with what the first load left. Times
are from the start of the navigation; "shift" is the sum of all layout shifts but those of the visitor's own doing, so
never less than CLS (https://web.dev/articles/cls). Blocking is what tasks above 50 ms take beyond these. Prints
medians, and the least and the most. The marks are the page's own: "interactive", its listeners stand and photos are
taken; "complete", it knows the networks, and photos are sent. A "phone" is a window of that size: neither line nor
processor is slowed.
"""

import sys
from statistics import median
from typing import NamedTuple

from playwright.sync_api import Browser, FilePayload, Page, ViewportSize

from bench.chromium import NoBrowser, launched
from bench.kept import commit
from bench.pictures import USUAL, make
from bench.report import machine

LOADS = 10
PHOTOS = 12
WINDOWS: dict[str, ViewportSize] = {"phone": {"width": 390, "height": 844}, "desk": {"width": 1440, "height": 900}}
_WATCH = """() => {
    window.seen = {shift: 0, blocking: 0};
    const watch = (type, note) => new PerformanceObserver((list) => list.getEntries().forEach(note))
        .observe({type, buffered: true});
    watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
    watch("longtask", (entry) => { seen.blocking += entry.duration - 50; });
}"""
# That the page makes room for photos is the visitor's doing, though no click tells Chromium so.
_THEY_ARE_THERE = "() => new Promise((done) => setTimeout(() => { seen.shift = 0; done(); }, 100))"
_SEEN = """async () => {
    await new Promise((done) => setTimeout(done, 100));
    const fetched = [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")];
    const mark = (name) => performance.getEntriesByName(name)[0].startTime;
    return {
        requests: fetched.length, bytes: fetched.reduce((sum, each) => sum + each.transferSize, 0),
        paint: mark("first-contentful-paint"), interactive: mark("interactive"), complete: mark("complete"), ...seen,
    };
}"""


class Load(NamedTuple):
    """One load: requests and bytes (bodies as sent, and headers); milliseconds; the sum of shifts."""

    requests: float
    bytes: float
    paint: float
    interactive: float
    complete: float
    shift: float
    blocking: float


def main() -> None:
    """Measure, and print a table."""
    (url,) = sys.argv[1:]
    make(USUAL)
    print(f"{machine()}\ncommit {commit()}, {LOADS} loads each of {url}")
    try:
        with launched() as browser:
            for name, window in WINDOWS.items():
                _print(name, *_loads(browser, url, window))
                print(f"{name}: layout shift while {PHOTOS} photos are answered: {_answered(browser, url, window):.4f}")
    except NoBrowser as error:
        raise SystemExit(str(error)) from None


def _loads(browser: Browser, url: str, window: ViewportSize) -> tuple[list[Load], list[Load]]:
    """Return the first loads and the second ones."""
    first, second = [], []
    for _ in range(LOADS):
        with browser.new_context(viewport=window) as context:
            page = context.new_page()
            page.add_init_script(f"({_WATCH})()")
            page.goto(url)
            first.append(_load(page))
            page.reload()
            second.append(_load(page))
    return first, second


def _load(page: Page) -> Load:
    page.locator("tbody tr").first.wait_for(state="attached")
    return Load(**page.evaluate(_SEEN))


def _answered(browser: Browser, url: str, window: ViewportSize) -> float:
    with browser.new_context(viewport=window) as context:
        page = context.new_page()
        page.add_init_script(f"({_WATCH})()")
        page.goto(url)
        _load(page)
        upload = USUAL.path.read_bytes()
        names = [f"{n}.jpg" for n in range(PHOTOS)]
        files: list[FilePayload] = [{"name": name, "mimeType": "image/jpeg", "buffer": upload} for name in names]
        page.get_by_label("Choose photos").set_input_files(files)
        page.evaluate(_THEY_ARE_THERE)
        for card in page.locator(".card").all():
            card.and_(page.locator("[data-state=done]")).wait_for()
        shift: float = page.evaluate("() => seen.shift")
        return shift


def _print(name: str, first: list[Load], second: list[Load]) -> None:
    for title, loads in (("first load", first), ("second load", second)):
        print(f"{name}, {title}")
        for field in Load._fields:
            values = [getattr(load, field) for load in loads]
            print(f"  {field:12} {_written(median(values)):>8} ({_written(min(values))} to {_written(max(values))})")


def _written(value: float) -> str:
    return f"{value:.4f}" if 0 < value < 1 else f"{value:.0f}"


if __name__ == "__main__":
    main()
