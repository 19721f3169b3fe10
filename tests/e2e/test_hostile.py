"""Every hostile file and every raw request, sent to the real service: each gets its answer, and no worker dies."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.server import Server, running
from tests.hostile.file import OK
from tests.hostile.files import hostile_files
from tests.hostile.forms import forms
from tests.hostile.framing import BODY, CHUNKED, LENGTH, PNG, TYPE, framing, post
from tests.hostile.request import CLOSED, RawRequest, send
from tests.served import mobilenet
from web.errors import PROBLEMS

WITHIN_S = 20.0  # for any answer
WORKERS = 2


@pytest.fixture(scope="module")
def server(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("hostile") / "log"
    with running(log, WORKERS=str(WORKERS), **mobilenet(small_cache)) as server:
        yield server


@pytest.fixture(scope="module", autouse=True)
def workers(server: Server) -> set[int]:
    """Those that there are before anything is sent."""
    return server.workers(WORKERS)


@pytest.fixture
def unharmed(server: Server, workers: set[int]) -> Iterator[Server]:
    """The service, which must afterwards still answer, with the workers it began with and nothing in its log."""
    yield server
    assert server.predict(PNG).status_code == 200
    assert server.workers(WORKERS) == workers
    assert "Traceback" not in server.log.read_text(errors="replace")


def test_every_hostile_file_is_answered_as_it_should_be(unharmed: Server) -> None:
    wrong = {}
    for file in hostile_files():
        answer = unharmed.predict(file.content)
        code = OK if answer.status_code == 200 else answer.json()["code"]
        if code not in file.outcomes or (code != OK and answer.status_code != PROBLEMS[code].status):
            wrong[file.name] = code
    assert not wrong


@pytest.mark.parametrize("request_", [*framing(), *forms()], ids=lambda request: request.name)
def test_a_raw_request_is_answered_as_it_should_be(server: Server, request_: RawRequest) -> None:
    answer = send(server.url, request_, WITHIN_S)
    assert answer.status in request_.statuses, answer.content[:500]
    assert request_.code.encode() in answer.content
    if answer.status >= 400 and b"problem+json" in answer.content:
        body = json.loads(answer.content.rpartition(b"\r\n\r\n")[2])
        assert PROBLEMS[body["code"]].status == body["status"] == answer.status
        assert request_.code in ("", body["code"])


def test_the_service_is_unharmed_by_all_of_them(unharmed: Server) -> None:
    assert requests.get(f"{unharmed.url}/readyz", timeout=WITHIN_S).status_code == 200


HELD = [
    RawRequest("half a line, held open", b"POST /pre", (504, CLOSED)),
    RawRequest("half a head, held open", b"POST /predict HTTP/1.1\r\nHost:", (504, CLOSED)),
    RawRequest("half a body, held open", post(TYPE + LENGTH, BODY[:99]), (504, CLOSED)),
    RawRequest("half a chunk, held open", post(TYPE + CHUNKED, b"ff\r\nabc"), (504, CLOSED)),
]


def test_requests_that_are_held_open_are_ended(small_cache: Path, tmp_path: Path) -> None:
    with running(tmp_path / "log", WORKERS="1", DEADLINE_S="1", **mobilenet(small_cache)) as server:
        for request in HELD:
            answer = send(server.url, request, WITHIN_S)
            assert answer.status in request.statuses, (request.name, answer.content[:500])
        assert server.predict(PNG).status_code == 200
        assert "Traceback" not in server.log.read_text(errors="replace")
