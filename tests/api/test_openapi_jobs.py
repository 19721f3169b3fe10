"""Of jobs too the OpenAPI document says what the service does."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from jobs.job import Result
from tests.api.conftest import started
from tests.api.jobs import forget, made, service, submit, work
from tests.api.test_openapi import DOCUMENT, responses, shape
from tests.api.test_openapi_answers import described
from tests.api.test_openapi_problems import by_name
from tests.api.test_predict import BRIGHT, post
from tests.redis_server import DURABLE, redis_server

ONE = DOCUMENT["paths"]["/jobs/{job_id}"]
SUBMIT = DOCUMENT["paths"]["/jobs"]["post"]["responses"]
SHOWN_ID = "2503376678acaf28a8613d1f0a5324a2"
BAD = Result(code="unsupported_format", detail="The content is no image that this service reads. Send JPEG or PNG.")


def example(of: dict[str, Any], status: str, name: str) -> Any:
    return of[status]["content"]["application/json"]["examples"][name]["value"]


def test_what_becomes_of_a_job_is_answered_as_described_and_as_shown(tmp_path: Path) -> None:
    with redis_server(tmp_path, keeping=DURABLE) as server:
        client = service(server.url)
        submitted = submit(client, BRIGHT, b"I am text")
        described(submitted, SUBMIT)
        assert shape(submitted.get_json()) == shape(example(SUBMIT, "202", "submitted"))
        assert submitted.get_json()["durable"] is True
        job_id = submitted.get_json()["id"]
        work(server.url, job_id, Result(reply=post(client, top="1").get_json()), BAD)
        done = client.get(f"/jobs/{job_id}")
        described(done, ONE["get"]["responses"])
        shown = example(ONE["get"]["responses"], "200", "done")
        assert shape(done.get_json()) == shape(shown)
        assert done.get_json()["predictions"][1] == shown["predictions"][1]
        cancelled = client.delete(f"/jobs/{made(client, BRIGHT, BRIGHT)}")
        described(cancelled, ONE["delete"]["responses"])
        assert shape(cancelled.get_json()) == shape(example(ONE["delete"]["responses"], "200", "cancelled"))


def problems(redis_url: str) -> Iterator[TestResponse]:
    """One of each that only jobs have."""
    client = service(redis_url)
    yield submit(client, key="with a space")
    made(client, BRIGHT, key="k")
    yield submit(client, b"other", key="k")
    yield client.get(f"/jobs/{SHOWN_ID}")
    job_id = made(client)
    forget(redis_url, job_id)
    yield client.get(f"/jobs/{job_id}")
    yield service("redis://127.0.0.1:1/0").get(f"/jobs/{SHOWN_ID}")
    yield started().test_client().post("/jobs")


def test_every_problem_that_is_shown_is_answered_so(redis_url: str) -> None:
    contents = [response.get("content", {}).get("application/problem+json", {}) for *_, response in responses()]
    examples = [each["value"] for content in contents for each in content.get("examples", {}).values()]
    shown = [each for each in examples if each["instance"].startswith("/jobs")]
    answered = [answer.get_json() for answer in problems(redis_url)]
    for problem in answered:
        if problem["instance"] != "/jobs":
            problem["instance"] = f"/jobs/{SHOWN_ID}"
    assert by_name(answered) == by_name(shown)


@pytest.mark.parametrize("method", ["get", "delete"])
def test_the_problems_of_one_job_are_described(redis_url: str, method: str) -> None:
    client, away = service(redis_url), service("redis://127.0.0.1:1/0")
    job_id = made(client)
    forget(redis_url, job_id)
    asked = [(client, "0" * 32, 404), (client, "no-id", 404), (client, job_id, 410), (away, job_id, 503)]
    for each, name, status in asked:
        answer = each.open(f"/jobs/{name}", method=method.upper())
        assert answer.status_code == status
        described(answer, ONE[method]["responses"])


def test_the_problems_of_a_submission_are_described(redis_url: str) -> None:
    client = service(redis_url, RATE_LIMIT="4/hour")
    made(client, BRIGHT, key="k")
    answers = [submit(client, BRIGHT, BRIGHT, key="k"), submit(client, key="\N{SNOWMAN}".encode().decode("latin-1"))]
    answers += [client.post("/jobs"), submit(client), submit(service("redis://127.0.0.1:1/0"))]
    assert [answer.status_code for answer in answers] == [409, 400, 400, 429, 503]
    for answer in answers:
        described(answer, SUBMIT)
