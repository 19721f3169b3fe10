"""The problems that the OpenAPI document shows are those that the service answers, word for word but for numbers."""

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

from werkzeug.test import TestResponse

from app import create_app
from config import load_settings
from tests.api.conftest import started
from tests.api.test_deadline import learn
from tests.api.test_openapi import responses
from tests.api.test_predict import BAD_REQUESTS, BRIGHT
from tests.fakes import Waited
from tests.pictures import multipart

UPLOAD = multipart(BRIGHT)
FOUR = "vgg16,resnet50,inceptionv3,mobilenetv2"
ROWS = {name: deepcopy(request) for name, request, *_ in BAD_REQUESTS}  # a request takes what it sends
SHOWN = ("no body", "unknown model", "top '11'", "resize", "broken multipart", "large file", "five files", "raw text",
         "text named jpg", "corrupt", "truncated", "bomb", "broken engine", "failed model")  # fmt: skip


def answers(keys: dict[str, str], folder: Path) -> Iterator[TestResponse]:
    """One of each."""
    app = started(MODELS=FOUR, MAX_FILES="4", MAX_PIXELS="1000000")
    client = app.test_client()
    for name in SHOWN:
        yield client.post("/predict", **ROWS[name])
    for path in ("/predict", "/models/lenet", "/readyz"):
        yield client.get(path)
    learn(app.extensions["triptych"].pace, 2.0)
    for waited_s, left_s in ((1, 0), (9, 1)):
        with Waited(waited_s, left_s) as connection:
            yield client.post("/predict", **UPLOAD, environ_overrides={"gunicorn.socket": connection})
    limited = started(RATE_LIMIT="1/minute").test_client()
    yield from (limited.post("/predict", **UPLOAD) for _ in range(2))
    guarded = started(API_KEYS_FILE=keys["file"]).test_client()
    yield guarded.post("/predict")
    yield guarded.post("/predict", headers={"X-API-Key": keys["jobs"]})
    unread = started(API_KEYS_FILE=str(folder / "absent.json")).test_client()
    yield unread.get("/metrics", headers={"X-API-Key": "x"})
    yield without_weights(folder)


def without_weights(folder: Path) -> TestResponse:
    """The answer for the one of two models that was never to be had."""
    (folder / "models/resnet50/real").mkdir(parents=True)
    given = {"WEIGHTS": "auto", "CACHE_DIR": str(folder), "MODELS": "resnet50,vgg16"}
    app = create_app(load_settings({f"TRIPTYCH_{name}": value for name, value in given.items()}))
    app.extensions["triptych"].start()
    return app.test_client().post("/predict", **multipart(BRIGHT, model="vgg16"))


def words(problem: dict[str, Any]) -> dict[str, Any]:
    """All of it but the id and what is counted."""
    return problem | {"detail": re.sub(r"\d[\d,]*", "N", problem["detail"]), "request_id": ""}


def by_name(problems: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(each["instance"], each["code"]): words(each) for each in problems}


def test_every_problem_that_is_shown_is_answered_so(keys: dict[str, str], tmp_path: Path) -> None:
    contents = [response.get("content", {}).get("application/problem+json", {}) for *_, response in responses()]
    examples = [example["value"] for content in contents for example in content.get("examples", {}).values()]
    shown = [each for each in examples if not each["instance"].startswith("/jobs")]  # test_openapi_jobs.py has those
    answered = [answer.get_json() for answer in answers(keys, tmp_path) if answer.status_code >= 400]
    assert by_name(answered) == by_name(shown)
