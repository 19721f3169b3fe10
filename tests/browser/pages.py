"""Opens pages, and asks each at the end whether it was well."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from playwright.sync_api import Browser, Page

from tests.browser.watch import Watch


class Pages:
    """Opens pages until it is closed; each in a context of its own, with nothing remembered of the others."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._opened: list[tuple[Watch, tuple[str, ...]]] = []

    def __call__(
        self,
        url: str,
        *,
        width: int = 1440,
        height: int = 900,
        scheme: Literal["light", "dark"] = "light",
        motion: Literal["reduce", "no-preference"] = "reduce",
        mobile: bool = False,
        allowed: Sequence[str] = (),
        **options: Any,
    ) -> Page:
        """Open *url*, of a service on this machine.

        allowed: parts of complaints that the test provokes. Chromium writes an error for every answer of 400 and above
        ("the server responded with a status of 503") and for every failed request ("net::ERR_CONNECTION_REFUSED").
        options: more of Playwright's new_context().
        """
        context = self._browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion=motion,
            is_mobile=mobile,
            has_touch=mobile,
            **options,
        )
        self._opened.append((Watch(context, url), tuple(allowed)))
        page = context.new_page()
        page.goto(url)
        return page

    def close(self) -> None:
        """Close every page. Raises: AssertionError: one of them has complained."""
        complaints = []
        while self._opened:
            watch, allowed = self._opened.pop(0)
            watch.settle()
            watch.context.close()
            complaints += [said for said in watch.complaints if not any(part in said for part in allowed)]
        assert not complaints, "\n".join(["The page complained:", *complaints])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
