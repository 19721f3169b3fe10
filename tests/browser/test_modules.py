"""The page's modules by themselves: what goes in, what comes out."""

import subprocess
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.pages import Pages
from tests.browser.visit import ready
from tests.e2e.server import Server

CALL = """async ([module, name, given]) => {
    const folder = document.querySelector("script[type=module]").src;
    return (await import(new URL(module, folder)))[name](...given);
}"""


@pytest.fixture(scope="module")
def page(four: Server, chromium: Browser) -> Iterator[Page]:
    """One page for all: nothing here changes what the next test looks at."""
    with Pages(chromium) as open_page:
        yield ready(open_page(four.url))


def call(page: Page, module: str, name: str, *given: Any) -> Any:
    return page.evaluate(CALL, [f"{module}.js", name, given])


def test_shares_sizes_and_names_are_written_as_people_do(page: Page) -> None:
    shares = {0.9234: "92 %", 0.1: "10 %", 0.0999: "10.0 %", 0.0123: "1.2 %", 0.0004: "< 0.1 %", 0: "0.0 %"}
    for share, text in shares.items():
        assert call(page, "words", "percent", share) == text
    for size, text in [(1, "1 kB"), (200_000, "195 kB"), (11 << 20, "11.0 MB"), (1_048_000, "1.0 MB")]:
        assert call(page, "words", "size", size) == text
    assert call(page, "words", "readable", "black-and-tan_coonhound") == "black-and-tan coonhound"


def test_what_we_have_no_words_for_is_said_in_the_service_s(page: Page) -> None:
    for problem, text in [
        ({"code": "overloaded"}, "The service is busy."),
        ({"code": "new_one", "error": "Something new", "status": 418}, "Something new."),
        ({"code": "no_error", "error": "", "status": 418}, "The service answered with 418."),
    ]:
        assert call(page, "words", "sentence", problem) == text


@pytest.mark.parametrize(
    ("header", "seen", "wanted"),
    [
        ("decode;dur=3, queue;dur=1, inference;dur=20", {"total": 30, "sending": 4}, (4, 1, 3, 20, 2)),
        ("decode;dur=3, queue;dur=10, inference;dur=20", {"total": 34, "sending": 12}, (1, 10, 3, 20, 0)),
        ("decode;dur=90", {"total": 30, "sending": 4}, (0, 0, 90, 0, 0)),
        ("", {"total": 30, "sending": 4}, (4, 0, 0, 0, 26)),
        ("cdn;desc=x, total;dur=5, decode;dur=abc", {"total": 30, "sending": 4}, (4, 0, 0, 0, 26)),
    ],
)
def test_the_times_of_the_service_and_the_browser_s_make_one_whole(
    page: Page, header: str, seen: dict[str, float], wanted: tuple[float, ...]
) -> None:
    timing = call(page, "timing", "parts", header, seen)
    assert tuple(part["ms"] for part in timing["parts"]) == wanted
    assert [part["name"] for part in timing["parts"]] == ["sending", "queue", "decode", "inference", "rest"]


def answer(*firsts: str, mean: str = "") -> dict[str, Any]:
    """What several networks say, which are called a, b, c ..."""

    def part(model: str, says: str) -> dict[str, Any]:
        return {"model": model, "results": [{"class": says, "prob": 0.5, "id": "n"}]}

    models = {name: part(name, says) for name, says in zip("abcd", firsts, strict=False)}
    return {**(part("ensemble", mean) if mean else {}), "models": models}


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        (answer("cat", "cat", "cat", mean="cat"), "All 3 say cat."),
        (answer("cat", "dog", "cat", mean="cat"), "2 of 3 say cat; B says dog."),
        (answer("cat", "dog", "dog", mean="cat"), "1 of 3 says cat; B and C say dog."),
        (answer("cat", "dog", "red_wine", mean="cat"), "No two agree."),
        (answer("cat", "dog", "dog", mean="tiger"), "0 of 3 say tiger; A says cat and B and C say dog."),
        (answer("dog", "cat", "cat"), "2 of 3 say cat; A says dog."),
    ],
)
def test_who_agrees_is_said_in_a_sentence(page: Page, given: dict[str, Any], verdict: str) -> None:
    """Networks with different classes have no mean: then the most said counts."""
    shown = page.evaluate(
        """async (given) => {
            const folder = document.querySelector("script[type=module]").src;
            const {drawn} = await import(new URL("answer.js", folder));
            return drawn(given, (name) => name.toUpperCase()).querySelector(".verdict").textContent;
        }""",
        given,
    )
    assert shown == verdict


@pytest.mark.parametrize(
    ("credentials", "key", "header"),
    [
        (["X-API-Key"], "0123456789ab.secret", ["X-API-Key", "0123456789ab.secret"]),
        (["X-API-Key", "Authorization"], "0123456789ab.secret", ["X-API-Key", "0123456789ab.secret"]),
        (["X-API-Key", "Authorization"], "aa.bb.cc", ["Authorization", "Bearer aa.bb.cc"]),
        (["Authorization"], " aa.bb.cc ", ["Authorization", "Bearer aa.bb.cc"]),
        ([], "aa.bb.cc", None),
    ],
)
def test_a_key_and_a_token_go_in_the_header_that_is_theirs(
    four: Server, open_page: Pages, credentials: list[str], key: str, header: list[str] | None
) -> None:
    page = ready(open_page(four.url))  # of its own: the form gets another's listeners
    sent = page.evaluate(
        """async ([credentials, key]) => {
            const folder = document.querySelector("script[type=module]").src;
            const {Asking} = await import(new URL("question.js", folder));
            const asking = new Asking(() => {}, () => {});
            document.getElementById("key").value = key;
            asking.accepts = {formats: [], max_upload_mb: 10, credentials, resize: "crop", deadline_s: 10};
            return asking.header;
        }""",
        [credentials, key],
    )
    assert sent == header


def test_a_command_quotes_what_a_shell_or_curl_would_read(page: Page) -> None:
    fields, header = {"model": "all"}, "Authorization"
    command = call(page, "curl", "curl", "a'b\".jpg", fields, header, "http://x/predict")
    file, token = """'file=@"a'\\''b\\".jpg"'""", '"Authorization: Bearer $TRIPTYCH_TOKEN"'
    assert command == f"curl 'http://x/predict' -F {file} -F model=all -H {token}"


def test_a_command_presses_no_keys(page: Page) -> None:
    """Control characters of a name, pasted raw, would end the paste and run what follows."""
    name = "a\x1b[201~\nid #\x03'\\é\x85.jpg"
    command = call(page, "curl", "curl", name, {}, "", "http://x/predict")
    assert not any(unicodedata.category(letter) == "Cc" for letter in command)
    echoed = subprocess.run(
        ["bash", "-c", command.replace("curl", "printf '%s\\n'", 1)], capture_output=True, check=True
    )
    escaped = name.replace("\\", "\\\\")
    assert echoed.stdout.decode() == f'http://x/predict\n-F\nfile=@"{escaped}"\n'


def test_times_and_names_are_for_people(page: Page) -> None:
    for seconds, text in {3: "3 s", 119: "119 s", 120: "2 minutes", 4412: "74 minutes"}.items():
        assert call(page, "words", "span", seconds) == text
    for name, others, wanted in [
        ("a.jpg", [], "a.jpg"),
        ("a.jpg", ["a.jpg", "a (2).jpg"], "a (3).jpg"),
        ("a", ["a"], "a (2)"),
        ("a.b.c", ["a.b.c"], "a.b (2).c"),
        (".a", [".a"], " (2).a"),
    ]:
        assert call(page, "words", "unique", name, others) == wanted


def test_the_banner_says_when_the_model_in_the_box_answers_and_when_answers_are_made_up(page: Page) -> None:
    pocket = {"name": "pocket", "title": "Pocket", "state": "ready", "weights": {"source": "pocket"}, "classes": 200}
    missing = {"name": "vgg16", "title": "VGG16", "state": "weights_missing"}
    real = {"name": "resnet50", "title": "ResNet50", "state": "ready", "weights": {"source": "imagenet"}}
    made_up = real | {"weights": {"source": "random"}}
    for models, first, says in [
        ([missing, pocket], "pocket", "Pocket answers, a small network"),
        ([missing, real, pocket], "pocket", "Pocket answers, a small network"),  # until HUP
        ([missing, real, pocket], "resnet50", ""),
        ([real, pocket], "pocket", ""),
        ([missing, made_up], "resnet50", "Answers are made up: ResNet50 runs"),
    ]:
        assert call(page, "models", "warned", models, first).startswith(says)
        assert bool(call(page, "models", "warned", models, first)) is bool(says)
