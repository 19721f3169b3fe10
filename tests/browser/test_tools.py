"""What a visitor takes away: a table, a command."""

import csv
import shlex
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import expect

from clients.triptych_client import Csv
from tests.browser.pages import Pages
from tests.browser.visit import becomes, broken, card, choose, photo
from tests.e2e.server import Server
from tests.pictures import encode, photo_like

NAMES = ["plain.jpg", 'a, "b".jpg', "it's;one.jpg", "ümlaut $HOME `x`.jpg", "back\\slash.jpg"]


@pytest.mark.parametrize("model", ["ResNet50", "Compare all"])
def test_the_table_has_the_rows_of_the_folder_client(four: Server, open_page: Pages, model: str) -> None:
    page = open_page(four.url, allowed=["status of 422"])
    page.get_by_text(model, exact=True).first.click()
    names = NAMES[:3]
    files = [photo(name, seed) for seed, name in enumerate(names)]
    choose(page, *files, broken("half.jpg"))
    for file in files:
        becomes(card(page, file["name"]), "done")
    becomes(card(page, "half.jpg"), "failed")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert download.value.suggested_filename == "triptych.csv"
    rows = list(csv.reader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))
    wanted = "all" if model == "Compare all" else "resnet50"
    answers = [four.predict(file["buffer"], model=wanted).json() for file in files]
    form = Csv(3)
    text = form.head + "".join(form.write(name, answer) for name, answer in zip(names, answers, strict=True))
    *good, bad = rows
    assert [row[:-1] for row in good] == list(csv.reader(text.splitlines()))
    assert (good[0][-1], {row[-1] for row in good[1:]}) == ("code", {""})
    assert (bad[0], bad[-1]) == ("half.jpg", "truncated_image")


def test_the_command_asks_the_same(four: Server, open_page: Pages, tmp_path: Path) -> None:
    page = open_page(four.url, permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("InceptionV3", exact=True).first.click()
    page.get_by_text("Options").click()
    page.get_by_label("Look at").select_option("squash")
    for seed, name in enumerate(NAMES):
        file = photo(name, seed)
        (tmp_path / name).write_bytes(file["buffer"])
        choose(page, file)
        found = card(page, name)
        becomes(found, "done")
        found.get_by_role("button", name="Copy curl").click()
        expect(found.get_by_role("button", name="Copied")).to_be_visible()
        command = page.evaluate("() => navigator.clipboard.readText()")
        assert shlex.split(command)[0] == "curl"
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True)
        answer = four.predict(file["buffer"], model="inceptionv3", resize="squash").json()
        assert [label["class"] for label in answer["results"]] == [
            line.split('"')[0] for line in done.stdout.split('"class":"')[1:]
        ]


def test_where_there_is_no_clipboard_the_command_is_there_to_be_copied(four: Server, open_page: Pages) -> None:
    """As over plain HTTP from another machine."""
    page = open_page(four.url)
    page.evaluate("() => Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    choose(page, photo("one.jpg"))
    found = card(page, "one.jpg")
    becomes(found, "done")
    found.get_by_role("button", name="Copy curl").click()
    expect(found.locator("pre")).to_be_focused()
    assert (
        page.evaluate("() => getSelection().toString()")
        == f"curl '{four.url}/predict' -F 'file=@\"one.jpg\"' -F model=resnet50"
    )


def test_a_spreadsheet_computes_nothing_from_a_name(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    name = '=HYPERLINK("http:x","y").jpg'
    choose(page, photo(name))
    becomes(card(page, name), "done")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert list(csv.reader(download.value.path().read_text(encoding="utf-8-sig").splitlines()))[1][0] == f"'{name}"


def test_the_command_follows_the_question_and_says_where_it_differs(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, permissions=["clipboard-write"])
    page.get_by_text("ResNet50", exact=True).first.click()
    webp = encode(photo_like(200, 300), "WEBP")
    choose(page, {"name": "one.webp", "mimeType": "image/webp", "buffer": webp})
    found = card(page, "one.webp")
    becomes(found, "done")
    found.get_by_role("button", name="Copy curl").click()
    expect(found.locator("pre")).to_contain_text("model=resnet50")
    expect(found).to_contain_text("It sends the file as it is.")
    page.get_by_text("VGG16", exact=True).first.click()
    found.get_by_role("button", name="Ask again").click()
    becomes(found, "done")
    expect(found.locator("pre")).to_contain_text("model=vgg16")
    choose(page, photo("plain.jpg"))
    becomes(card(page, "plain.jpg"), "done")
    card(page, "plain.jpg").get_by_role("button", name="Copy curl").click()
    expect(card(page, "plain.jpg").locator("pre")).to_be_visible()
    expect(card(page, "plain.jpg").get_by_text("It sends the file as it is.")).to_be_hidden()
