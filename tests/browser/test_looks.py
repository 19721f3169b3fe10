"""How the page looks and feels: on a phone and a large screen, by day and by night, by keyboard and by ear.

Pictures of what was checked are left in .cache/page, to be looked at.
"""

from collections.abc import Callable
from typing import Literal

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.pages import Pages
from tests.browser.visit import becomes, broken, card, choose, photo
from tests.conftest import ROOT
from tests.e2e.server import Server, stopped

PICTURES = ROOT / ".cache/page"
SHIFT = """async () => {
    let sum = 0;
    const add = (list) => list.forEach((each) => { if (!each.hadRecentInput) sum += each.value; });
    const observer = new PerformanceObserver((list) => add(list.getEntries()));
    observer.observe({type: "layout-shift", buffered: true});
    for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);  // what is under way is drawn
    await new Promise((done) => setTimeout(done, 50));
    add(observer.takeRecords());
    return sum;
}"""
FOCUSED = """() => {
    const {activeElement: at} = document;
    return (at.labels?.[0]?.innerText ?? at.innerText ?? at.tagName).trim();
}"""
CUT_OFF = """() => [...document.querySelectorAll("main *:not(.unseen, .scrolls *, h3, .track, .stack *)")]
    .filter((one) => one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).overflowX === "hidden")
    .map((one) => one.outerHTML.slice(0, 80))"""
TEXT: FilePayload = {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"no photo"}


def nothing(page: Page) -> None:
    expect(page.locator("tbody tr")).to_have_count(4)


def photos(page: Page) -> None:
    choose(page, photo("beach.jpg", 1), photo("a very long name that a phone gave to a photo of a dog.jpg", 2))
    page.get_by_text("Compare all").click()
    choose(page, photo("tower.jpg", 3, (400, 240)))
    for found in page.get_by_role("listitem").filter(has=page.get_by_role("heading", level=3)).all():
        becomes(found, "done")
    card(page, "beach.jpg").get_by_role("button", name="Copy curl").click()


def failures(page: Page) -> None:
    choose(page, broken("half.jpg"), TEXT, {"name": "big.bin", "mimeType": "", "buffer": bytes(11 << 20)})
    for name in ("half.jpg", "notes.txt", "big.bin"):
        becomes(card(page, name), "failed")
    page.get_by_text("Options").click()
    page.evaluate("() => { document.getElementById('credential').hidden = false; }")


STATES: dict[str, Callable[[Page], None]] = {"empty": nothing, "full": photos, "failing": failures}


_LOOKS = [
    (390, "light"),
    (1440, "dark"),
    *(pytest.param(*each, marks=pytest.mark.slow) for each in [(390, "dark"), (1440, "light")]),
]


@pytest.mark.parametrize(("width", "scheme"), _LOOKS)
def test_axe_finds_nothing_in_any_state(
    four: Server, open_page: Pages, width: int, scheme: Literal["light", "dark"]
) -> None:
    page = open_page(
        four.url,
        width=width,
        height=844,
        scheme=scheme,
        mobile=width < 600,
        allowed=["status of 4"],
        permissions=["clipboard-write"],
    )
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name, reach in STATES.items():
        reach(page)
        assert_accessible(page)
        # What lies below the window is not drawn (photos.css): so the window is made as high as the page.
        height = page.evaluate("() => document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=PICTURES / f"{name}-{width}-{scheme}.png")
        page.set_viewport_size({"width": width, "height": 844})


@pytest.mark.parametrize("mobile", [pytest.param(False, marks=pytest.mark.slow), True])
def test_nothing_is_cut_off_from_the_smallest_phone_to_a_wall(four: Server, open_page: Pages, mobile: bool) -> None:
    page = open_page(four.url, width=320, height=568, mobile=mobile, allowed=["status of 4"])
    nothing(page)
    photos(page)
    failures(page)
    for width in (320, 390, 768) if mobile else (320, 768, 1024, 1920, 3840):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []


def test_a_phone_may_take_a_photo_and_a_desk_is_not_asked_to(four: Server, open_page: Pages) -> None:
    desk, phone = open_page(four.url), open_page(four.url, width=390, mobile=True)
    expect(desk.get_by_text("Take a photo")).to_be_hidden()
    expect(phone.get_by_text("Take a photo")).to_be_visible()
    assert phone.get_by_label("Take a photo").get_attribute("capture") == "environment"


def test_a_dark_room_gets_a_dark_page(four: Server, open_page: Pages) -> None:
    def ground(page: Page) -> int:
        colour: str = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
        return max(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(","))

    assert ground(open_page(four.url, scheme="dark")) < 40
    assert ground(open_page(four.url, scheme="light")) > 220


@pytest.mark.parametrize(("motion", "moves"), [("reduce", False), ("no-preference", True)])
def test_who_wants_no_motion_gets_none(
    four: Server, open_page: Pages, motion: Literal["reduce", "no-preference"], moves: bool
) -> None:
    page = open_page(four.url, motion=motion)
    nothing(page)
    lasts = page.locator("tbody .fill").first.evaluate("(bar) => getComputedStyle(bar).transitionDuration")
    assert (lasts != "0s") is moves


@pytest.mark.parametrize("width", [390, 1440])
def test_nothing_moves_while_the_page_loads_and_answers_come(four: Server, open_page: Pages, width: int) -> None:
    page = open_page(four.url, width=width, height=844, mobile=width < 600)
    nothing(page)
    assert page.evaluate(SHIFT) < 0.01
    with stopped(*four.workers(2)):
        choose(page, photo("one.jpg", 1), photo("two.jpg", 2))
        becomes(card(page, "one.jpg"), "asked")
        made_room = page.evaluate(SHIFT)  # for the photos, as the visitor wants
    for name in ("one.jpg", "two.jpg"):
        becomes(card(page, name), "done")
    assert page.evaluate(SHIFT) - made_room < 0.01
    page.evaluate("() => document.body.style.paddingTop = '300px'")
    assert page.evaluate(SHIFT) > made_room + 0.05, "what moves is seen"


def test_the_keyboard_reaches_everything_in_order(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    nothing(page)
    choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "done")
    page.locator("h1").click()
    page.locator("header a").focus()
    reached = []
    for _ in range(14):
        page.keyboard.press("Tab")
        reached.append(page.evaluate(FOCUSED))
    wanted = ["Choose photos", "ResNet50", "Options", "Export CSV", "Export JSON", "Remove all"]
    wanted += ["Ask again", "Copy curl", "Remove"]
    assert reached[: len(wanted)] == wanted


def test_networks_are_chosen_by_arrow_keys(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    nothing(page)
    page.get_by_label("ResNet50", exact=True).focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_label("InceptionV3", exact=True)).to_be_checked()


def test_answers_are_said_and_the_focus_is_never_lost(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    nothing(page)
    choose(page, photo("one.jpg", 1), photo("two.jpg", 2))
    for name in ("one.jpg", "two.jpg"):
        becomes(card(page, name), "done")
    expect(page.locator("#said")).to_have_text("All done: 2 of 2 answered.")
    assert page.locator("#said").get_attribute("role") == "status"
    remove = card(page, "one.jpg").get_by_role("button", name="Remove")
    remove.focus()
    page.keyboard.press("Enter")
    expect(card(page, "two.jpg").get_by_role("button", name="Ask again")).to_be_focused()
    card(page, "two.jpg").get_by_role("button", name="Remove").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Choose photos")).to_be_focused()

    choose(page, photo("three.jpg", 3), photo("four.jpg", 4))
    becomes(card(page, "four.jpg"), "done")
    page.once("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Remove all").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_have_text("All photos are removed.")
    expect(page.get_by_label("Choose photos")).to_be_focused()


def test_of_many_photos_the_ear_is_told_now_and_then(four: Server, open_page: Pages) -> None:
    page = open_page(four.url)
    nothing(page)
    page.get_by_text("MobileNetV2", exact=True).first.click()
    page.evaluate("""() => {
        window.told = [];
        const said = document.getElementById("said");
        new MutationObserver(() => told.push(said.textContent)).observe(said, {childList: true});
    }""")
    choose(page, *(photo(f"{n}.jpg", n, (60, 80)) for n in range(40)))
    expect(page.locator("#said")).to_have_text("All done: 40 of 40 answered.")
    assert len(page.evaluate("() => told")) < 10


def test_colours_of_one_s_own_leave_the_choice_and_the_times_readable(four: Server, open_page: Pages) -> None:
    page = open_page(four.url, forced_colors="active")
    nothing(page)
    colour = "(pill) => getComputedStyle(pill).backgroundColor"
    chosen, other = (page.get_by_text(name, exact=True).first.evaluate(colour) for name in ("ResNet50", "VGG16"))
    assert chosen != other
    choose(page, photo("one.jpg"))
    becomes(card(page, "one.jpg"), "done")
    dots = (
        card(page, "one.jpg")
        .locator(".legend li")
        .evaluate_all("(all) => all.map((each) => getComputedStyle(each, '::before').backgroundColor)")
    )
    assert len(set(dots)) == len(dots)


LAYOUT_MS = """() => {
    const found = document.querySelector(".card .found");
    const start = performance.now();
    for (let turn = 0; turn < 50; turn += 1) {
        found.replaceChildren(`turn ${turn}`);
        document.body.getBoundingClientRect();
    }
    return performance.now() - start;
}"""


def test_hundreds_of_photos_make_an_answer_no_dearer(four: Server, open_page: Pages) -> None:
    """Grids around the grid of cards, or cards that are laid out where nobody looks, made it ten times as dear."""
    page = open_page(four.url, allowed=["net::ERR_ABORTED"])
    with stopped(*four.workers(2)):
        choose(page, *(photo(f"few-{n}.jpg", size=(8, 8)) for n in range(20)))
        few = min(page.evaluate(LAYOUT_MS) for _ in range(3))
        choose(page, *(photo(f"many-{n}.jpg", size=(8, 8)) for n in range(280)))
        many = min(page.evaluate(LAYOUT_MS) for _ in range(3))
        page.once("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Remove all").click()
    assert many < 4 * few
