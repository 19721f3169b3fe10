"""From the disk to the labels, in a real browser against a real service."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, expect

from tests.browser.pages import Pages
from tests.browser.visit import becomes, broken, card, choose, drop, labels, paste, photo, turned
from tests.e2e.conftest import FOUR
from tests.e2e.server import Server, until
from tests.pictures import encode, photo_like

REFUSED = ("the server responded with a status of 4",)  # Chromium tells of every refusal


def expected(server: Server, file: FilePayload, model: str) -> list[str]:
    """The labels that the service gives, as people read them."""
    answer = server.predict(file["buffer"], model=model).json()
    return [label["class"].replace("_", " ") for label in answer["results"]]


def test_five_photos_are_dropped_and_the_broken_one_says_so(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, allowed=REFUSED)
    good = [photo(f"{seed}.jpg", seed) for seed in range(4)]
    drop(page, *good[:2], broken("half.jpg"), *good[2:])
    for file in good:
        found = card(page, file["name"])
        becomes(found, "done")
        assert labels(found) == expected(four, file, "resnet50")
        expect(found.locator("img")).to_be_visible()
        expect(found.locator(".legend")).to_contain_text("recognising")
    failed = card(page, "half.jpg")
    becomes(failed, "failed")
    expect(failed).to_contain_text("A part of this photo is missing.")
    expect(page.locator("#count")).to_have_text("4 of 5 answered, 1 failed")
    assert page.get_by_role("heading", level=3).all_inner_texts() == ["0.jpg", "1.jpg", "half.jpg", "2.jpg", "3.jpg"]


def test_networks_are_compared_side_by_side(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    page.get_by_text("Compare all").click()
    file = photo("one.jpg", 5)
    choose(page, file)
    found = card(page, "one.jpg")
    becomes(found, "done")
    assert found.get_by_role("heading", level=4).count() == 5, "four and their mean"
    answer = four.predict(file["buffer"], model="all").json()
    firsts = {name: part["results"][0]["class"] for name, part in answer["models"].items()}
    leader = answer["results"][0]["class"]
    for column in found.locator(".column:not(.together)").all():
        name = column.get_by_role("heading").inner_text().split("\n")[0].lower()
        assert labels(column)[0] == firsts[name].replace("_", " ")
        assert ("differs" in column.inner_text()) is (firsts[name] != leader)
    assert labels(found.locator(".together"))[0] == leader.replace("_", " ")
    assert set(firsts) == set(FOUR.split(","))


def test_one_of_several_networks_is_asked_and_then_another(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    file = photo("one.jpg", 1)
    page.get_by_text("MobileNetV2", exact=True).first.click()
    choose(page, file)
    becomes(card(page, "one.jpg"), "done")
    assert labels(card(page, "one.jpg")) == expected(four, file, "mobilenetv2")
    again = page.get_by_role("button", name="Ask again (1)")
    expect(again).to_be_hidden()
    page.get_by_text("VGG16", exact=True).first.click()
    again.click()
    expect(again).to_be_hidden()
    becomes(card(page, "one.jpg"), "done")
    assert labels(card(page, "one.jpg")) == expected(four, file, "vgg16")


def test_a_picture_is_pasted_and_what_the_service_does_not_read_is_made_a_jpeg(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    webp = encode(photo_like(200, 300), "WEBP", lossless=True)
    assert four.predict(webp).json()["code"] == "unsupported_format"
    paste(page, {"name": "image.webp", "mimeType": "image/webp", "buffer": webp})
    found = card(page, "image.webp")
    becomes(found, "done")
    expect(found).to_contain_text("made a JPEG here")


def test_a_large_photo_is_sent_small_and_upright(real: Server, shared: Path, open_page: Pages) -> None:
    upright = Image.open(next((shared / "photos").glob("*starfish*"))).convert("RGB").resize((2400, 3200))
    page = open_page(real.url)
    file = turned("large.jpg", upright)
    choose(page, file)
    found = card(page, "large.jpg")
    becomes(found, "done")
    until(lambda: real.events("request")[-1].get("images"), "the event comes after the answer")
    sent = real.events("request")[-1]["image_bytes"]
    assert sent < len(file["buffer"]) / 4
    expect(found).to_contain_text("made smaller here (from 2400 × 3200")
    small = shares(found.inner_text())
    page.get_by_text("Options").click()
    page.get_by_label("Send the original").check()
    found.get_by_role("button", name="Ask again").click()
    becomes(found, "done")
    until(lambda: real.events("request")[-1].get("image_bytes") == len(file["buffer"]), "the original is sent")
    whole = shares(found.inner_text())
    assert next(iter(small)) == next(iter(whole)) == "starfish"
    assert abs(small["starfish"] - whole["starfish"]) < 10, "percent"


def shares(text: str) -> dict[str, float]:
    """The percentages of a card's labels."""
    lines = text.split("\n")
    return {label: float(share.strip(" %<")) for label, share in zip(lines, lines[1:], strict=False) if share.endswith("%")}


@pytest.mark.parametrize("alpha", [0, 255])
def test_what_is_made_smaller_keeps_its_colours_and_lies_on_white(four: Server, open_page: Pages, alpha: int) -> None:
    """As the service lays it: a PNG with transparency, too large to be sent as it is."""
    page = open_page(four.url)
    pixels = np.full((1500, 2000, 4), (200, 30, 60, alpha), np.uint8)
    with page.expect_request("**/predict") as asked:
        choose(page, {"name": "big.png", "mimeType": "image/png", "buffer": encode(pixels, "PNG")})
    becomes(card(page, "big.png"), "done")
    body = asked.value.post_data_buffer
    assert body is not None
    start = body.index(b"\xff\xd8\xff")
    sent = Image.open(io.BytesIO(body[start : body.rindex(b"\xff\xd9") + 2]))
    assert sent.size[1] == round(2 * 299 / 0.875)
    middle = np.asarray(sent.convert("RGB"))[sent.height // 2, sent.width // 2]
    wanted = np.array((200, 30, 60) if alpha else (255, 255, 255))
    assert np.abs(middle.astype(int) - wanted).max() <= 4


def test_a_file_that_is_too_large_is_not_sent_at_all(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    with pytest.MonkeyPatch.context():
        choose(page, {"name": "big.bin", "mimeType": "text/plain", "buffer": bytes(11 << 20)})
        found = card(page, "big.bin")
        becomes(found, "failed")
    expect(found).to_contain_text("larger than the service takes")
    expect(found).to_contain_text("11.0 MB")
    assert not any(url.endswith("/predict") for url in asked)


def test_a_name_is_text_whatever_it_holds(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    name = '<img src=x onerror="alert(1)">\'";&.jpg'
    choose(page, photo(name))
    becomes(card(page, name), "done")


def test_the_page_under_v1_is_the_same(four: Server, open_page: Pages) -> None:
    page = open_page(f"{four.url}/v1/")
    with page.expect_request("**/v1/predict"):
        choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "done")


def test_the_table_and_the_banner_say_who_answers(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    expect(page.locator("#banner")).to_contain_text("Answers are made up")
    models = four.get("/models").json()["models"]
    for model, row in zip(models, page.locator("tbody tr").all(), strict=True):
        text = row.inner_text()
        assert model["title"] in text
        assert f"{model['published_accuracy']['top1']} %" in text
        assert f"{model['precisions'][model['precision']]['milliseconds']['all']:.1f} ms" in text
    expect(page.locator("tbody tr")).to_have_count(len(models))


def test_with_real_weights_there_is_no_banner(real: Server, open_page: Pages) -> None:
    page = open_page(real.url)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("tbody")).to_contain_text("weights from a file")


def test_json_is_what_the_service_said(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, allowed=REFUSED)
    file = photo("one.jpg")
    choose(page, file, broken("half.jpg"))
    becomes(card(page, "one.jpg"), "done")
    becomes(card(page, "half.jpg"), "failed")
    with page.expect_download() as download:
        page.get_by_role("button", name="Export JSON").click()
    good, bad = json.loads(download.value.path().read_text())
    answer = four.predict(file["buffer"]).json()
    assert {**answer, "file": "one.jpg", "request_id": good["request_id"]} == good
    assert (bad["file"], bad["code"], bad["status"]) == ("half.jpg", "truncated_image", 422)
