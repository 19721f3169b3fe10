"""The page: one file, whatever the photos are called."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from cli.evaluation.page import write_page
from models.manifest import WeightsKind
from models.road import UploadLimits
from tests.unit.cli.evaluation.reports import HOSTILE, report

_VOID = {"meta", "img", "br"}


class Page(HTMLParser):
    """Collects the elements and holds them to being closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("page")
    file = folder / "evaluation.html"
    write_page(report(folder), UploadLimits(), file)
    return file.read_text(encoding="utf-8")


def test_file_names_are_text_and_never_markup(text: str) -> None:
    page = Page(text)
    assert page.open == []
    assert [tag for tag, _ in page.elements if tag in ("script", "iframe", "link", "object")] == []
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert "&lt;img src=x onerror=&#34;alert(1)&#34;&gt;&amp;\\n" in text
    assert "cut&lt;b&gt;.jpg (truncated_image)" in text
    assert HOSTILE not in text


def test_the_page_needs_no_other_file(text: str) -> None:
    addresses = [
        attributes[name] or ""
        for _, attributes in Page(text).elements
        for name in ("src", "href", "xlink:href")
        if name in attributes
    ]
    assert addresses
    assert all(address.startswith(("data:image/jpeg;base64,", "#")) for address in addresses)
    assert set(re.findall(r"url\((.)", text)) <= {"#"}
    assert "@import" not in text


def test_the_page_holds_the_plots_the_figures_and_the_confused_photo(text: str) -> None:
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("svg") == 3
    assert tags.count("img") == 1
    assert "88.9 % (56.5-98.0)" in text
    assert "tench -&gt; great_white_shark" in text


def test_the_plots_take_their_colours_from_the_page(text: str) -> None:
    assert "var(--series-3)" in text  # the ensemble is the third
    assert re.search(r"#0[0-9a]0[0-9a]0[0-9]", text) is None


def test_a_photo_that_is_gone_leaves_a_gap(tmp_path: Path) -> None:
    made, file = report(tmp_path), tmp_path / "evaluation.html"
    (tmp_path / HOSTILE).unlink()
    write_page(made, UploadLimits(), file)
    assert 'class="gone"' in file.read_text(encoding="utf-8")


def test_where_nothing_was_missed_there_is_no_hardest_class_and_no_confusion(tmp_path: Path) -> None:
    file = tmp_path / "evaluation.html"
    write_page(report(tmp_path, recognised=True), UploadLimits(), file)
    text = file.read_text(encoding="utf-8")
    assert text.count("<svg") == 2
    assert "Worst confusions" not in text
    assert "100.0 %" in text


def test_random_weights_are_announced_at_the_top(tmp_path: Path) -> None:
    file = tmp_path / "evaluation.html"
    for weights, shown in ((WeightsKind.RANDOM, True), (WeightsKind.FILE, False)):
        write_page(report(tmp_path, weights=weights), UploadLimits(), file)
        assert ("RANDOM weights: these figures mean nothing" in file.read_text(encoding="utf-8")) is shown
