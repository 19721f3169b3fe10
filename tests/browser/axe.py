"""axe-core, the checker of accessibility, in an open page."""

from typing import NamedTuple

from playwright.sync_api import Page

from tests.browser.node import installed


class Violation(NamedTuple):
    """A rule that the page breaks, and the HTML of the elements that break it."""

    rule: str
    help: str
    nodes: tuple[str, ...]

    def __str__(self) -> str:
        return "\n    ".join([f"{self.rule}: {self.help}", *self.nodes])


def axe(page: Page) -> list[Violation]:
    """Return what is wrong with *page* as it stands now, by every rule of axe's, best practice included.

    A debugger may evaluate what the page's policy would refuse, Trusted Types too: no policy need be switched off.
    """
    page.evaluate(installed("axe-core", "axe.min.js").read_text() + "; undefined")
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    return [Violation(one["id"], one["help"], tuple(node["html"] for node in one["nodes"])) for one in found]


def assert_accessible(page: Page) -> None:
    """Fail where axe finds something, with all that it found: pytest shortens a list."""
    found = axe(page)
    assert not found, "\n".join(["axe found:", *map(str, found)])
