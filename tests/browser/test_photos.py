"""From the disk to the labels, in a real browser against a real service."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from tests.ahead import FOUR
from tests.browser.pages import Pages
from tests.browser.visit import becomes, broken, card, choose, drop, labels, paste, photo, picture, ready, turned
from tests.e2e.server import Server, running, stopped, until
from tests.e2e.test_pocket import BOXED
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


def large(path: Path) -> FilePayload:
    """A photo as a phone stores it: 7 megapixels or more, lying on its side."""
    small = Image.open(path).convert("RGB")
    scale = 2400 / min(small.size)
    upright = small.resize((round(small.width * scale), round(small.height * scale)), Image.Resampling.BICUBIC)
    return turned(f"{path.stem}.jpg", upright)


def first(found: Locator) -> tuple[str, float]:
    """The first label of a card and its share in percent."""
    shown = found.locator(".labels li").first
    return shown.locator(".label").inner_text(), float(shown.locator(".share").inner_text().strip(" %<"))


@pytest.mark.slow
def test_large_photos_are_sent_small_and_upright_and_the_answers_stay(
    real: Server, shared: Path, open_page: Pages
) -> None:
    page = open_page(real.url)
    files = [large(path) for path in sorted((shared / "photos").iterdir())[3:40:9]]
    choose(page, *files)
    cards = [card(page, file["name"]) for file in files]
    for found in cards:
        becomes(found, "done")
        expect(found).to_contain_text("made smaller here (from ")
    small = [first(found) for found in cards]
    page.get_by_text("Options").click()
    page.get_by_label("Send the original").check()
    page.get_by_role("button", name=f"Ask again ({len(files)})").click()
    for found in cards:
        becomes(found, "done")
        expect(found).not_to_contain_text("made smaller")
    changes = [abs(one[1] - other[1]) for one, other in zip(small, map(first, cards), strict=True)]
    assert [label for label, _ in small] == [first(found)[0] for found in cards]
    assert sum(changes) / len(changes) < 3, "percent"
    until(lambda: len(sent := sizes(real)) >= 2 * len(files) and sum(sent[-len(files) :]), "events come after answers")
    sent = sizes(real)
    assert sorted(sent[-len(files) :]) == sorted(len(file["buffer"]) for file in files), "byte for byte"
    assert sum(sent[-2 * len(files) : -len(files)]) < sum(sent[-len(files) :]) / 4


def sizes(server: Server) -> list[int]:
    """Bytes of each image that was asked about."""
    return [event["image_bytes"] for event in server.events("request") if event.get("images")]


@pytest.mark.parametrize("alpha", [0, 255])
def test_what_is_made_smaller_keeps_its_colours_and_lies_on_white(four: Server, open_page: Pages, alpha: int) -> None:
    """As the service lays it: a PNG with transparency, too large to be sent as it is."""
    page = open_page(four.url)
    pixels = np.full((1500, 2000, 4), (200, 30, 60, alpha), np.uint8)
    choose(page, {"name": "big.png", "mimeType": "image/png", "buffer": encode(pixels, "PNG")})
    becomes(card(page, "big.png"), "done")
    sent = picture(card(page, "big.png"))
    assert sent.size[1] == round(2.67 * 299 / 0.875), "more than twice what the largest network looks at"
    middle = np.asarray(sent)[sent.height // 2, sent.width // 2]
    wanted = np.array((200, 30, 60) if alpha else (255, 255, 255))
    assert np.abs(middle.astype(int) - wanted).max() <= 4


def test_a_file_that_is_too_large_is_not_sent_at_all(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
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
        (shown,) = re.findall(r"([\d.]+) ms", text)
        assert abs(float(shown) - model["precisions"][model["precision"]]["milliseconds"]["all"]) <= 0.051
    expect(page.locator("tbody tr")).to_have_count(len(models))


def test_with_real_weights_there_is_no_banner(real: Server, open_page: Pages) -> None:
    page = open_page(real.url)
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator("tbody")).to_contain_text("weights from a file")


@pytest.mark.slow
def test_the_model_in_the_box_answers_where_no_network_has_weights(
    offline: None, tmp_path: Path, open_page: Pages
) -> None:
    with running(tmp_path / "log", **BOXED, CACHE_DIR=str(tmp_path)) as server:
        page = open_page(server.url)
        expect(page.locator("#banner")).to_contain_text("Pocket answers, a small network that came with this service")
        expect(page.get_by_label("Pocket")).to_be_checked()
        expect(page.get_by_label("ResNet50")).to_be_disabled()
        expect(page.locator("tbody tr").first).to_contain_text("no weights here")
        expect(page.locator("tbody tr").last).to_contain_text("int8, in the box")
        choose(page, photo("one.jpg"))
        becomes(card(page, "one.jpg"), "done")


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


def test_where_the_first_network_has_no_weights_another_is_asked(
    real_cache: Path, shared: Path, tmp_path: Path, open_page: Pages
) -> None:
    places = {"WEIGHTS_DIR": str(shared / "weights"), "CACHE_DIR": str(real_cache)}
    with running(tmp_path / "log", MODELS="resnet50,mobilenetv2", WEIGHTS="auto", WORKERS="1", **places) as server:
        page = open_page(server.url)
        expect(page.get_by_label("MobileNetV2")).to_be_checked()
        expect(page.get_by_label("ResNet50")).to_be_disabled()
        expect(page.get_by_text("Compare all")).to_have_count(0)
        expect(page.locator("tbody tr").first).to_contain_text("no weights here")
        expect(page.locator("#banner")).to_be_hidden()
        choose(page, photo("one.jpg"))
        becomes(card(page, "one.jpg"), "done")


def test_a_browser_that_lets_pages_remember_nothing_is_served_too(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    page.add_init_script("Object.defineProperty(window, 'sessionStorage', {get() { throw new Error('blocked'); }});")
    page.reload()
    choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "done")


def test_a_photo_that_comes_before_the_networks_are_known_waits_for_them(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, allowed=["net::ERR_FAILED"])
    page.route("**/models", lambda route: route.abort())  # as on a line that breaks
    with page.expect_event("requestfailed"):
        page.reload()
    expect(page.get_by_text("looking again")).to_be_visible()
    choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "waiting")
    page.unroute("**/models")
    becomes(card(page, "one.jpg"), "done")
    expect(page.get_by_role("button", name="Ask again (1)")).to_be_hidden()


def test_photos_that_wait_are_asked_what_is_chosen_meanwhile(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    expect(page.get_by_label("ResNet50", exact=True)).to_be_checked()
    files = [photo(f"{n}.jpg", n) for n in range(6)]
    with stopped(*four.workers(2)):
        choose(page, *files)
        becomes(card(page, "3.jpg"), "asked")
        page.get_by_text("MobileNetV2", exact=True).first.click()
    for file, model in zip(files, ["resnet50"] * 4 + ["mobilenetv2"] * 2, strict=True):
        becomes(card(page, file["name"]), "done")
        assert labels(card(page, file["name"])) == expected(four, file, model)
    expect(page.get_by_role("button", name="Ask again (4)")).to_be_visible()


def drag(page: Page, path: Path, x: float, y: float) -> None:
    """Drag a file or folder from a file manager and drop it."""
    debugger = page.context.new_cdp_session(page)
    for kind in ("dragEnter", "dragOver", "drop"):
        dragged = {"items": [], "files": [str(path)], "dragOperationsMask": 1}
        debugger.send("Input.dispatchDragEvent", {"type": kind, "x": x, "y": y, "data": dragged})


def test_a_folder_is_dropped_with_the_photos_that_are_in_it(four: Server, open_page: Pages, tmp_path: Path) -> None:
    page = ready(open_page(four.url))
    for name in ("a.jpg", "sub/b.jpg", ".hidden/c.jpg", "notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(photo(name)["buffer"])
    drag(page, tmp_path, 300, 300)
    for name in ("a.jpg", "b.jpg"):
        becomes(card(page, name), "done")
    assert page.get_by_role("heading", level=3).all_inner_texts() == ["a.jpg", "b.jpg"]


def test_a_photo_that_is_dropped_on_a_field_is_taken_too(four: Server, open_page: Pages, tmp_path: Path) -> None:
    """Else the browser would show it in the page's place."""
    page = ready(open_page(four.url))
    (tmp_path / "a.jpg").write_bytes(photo("a.jpg")["buffer"])
    page.get_by_text("Options").click()
    place = page.get_by_label("Send the original").bounding_box()
    assert place is not None
    drag(page, tmp_path / "a.jpg", place["x"] + 5, place["y"] + 5)
    becomes(card(page, "a.jpg"), "done")


def test_a_link_that_is_dropped_does_not_take_the_page_s_place(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    kept = page.evaluate("""() => {
        const event = new DragEvent("drop", {cancelable: true, bubbles: true, dataTransfer: new DataTransfer()});
        event.dataTransfer.setData("text/uri-list", "http://other.invalid/");
        document.body.dispatchEvent(event);
        return event.defaultPrevented;
    }""")
    assert kept


def test_photos_of_one_name_are_told_apart(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    choose(page, photo("image.jpg", 1), photo("image.jpg", 2))
    choose(page, photo("image.jpg", 3))
    for name in ("image.jpg", "image (2).jpg", "image (3).jpg"):
        becomes(card(page, name), "done")


def test_who_leaves_while_photos_are_on_their_way_is_asked_first(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, allowed=["net::ERR_ABORTED"])
    page.locator("h1").click()  # browsers ask only who has touched the page
    with stopped(*four.workers(2)):
        choose(page, photo("one.jpg"))
        with page.expect_event("dialog") as asked:
            page.close(run_before_unload=True)
        assert asked.value.type == "beforeunload"
        asked.value.dismiss()
    becomes(card(page, "one.jpg"), "done")
