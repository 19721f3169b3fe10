"""Schemathesis asks a live service everything the OpenAPI document allows, and holds it to what that promises."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, assume, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.result import Ok

from access.api_key import new_key
from access.caller import Scope
from access.key_file import edited
from tests.conftest import ROOT
from tests.e2e.job_parts import Parts, parts
from tests.e2e.job_stream import FINAL, job
from tests.e2e.server import Server, running, until
from tests.pictures import encode, photo_like, png_header
from tests.scraped import value
from tests.served import mobilenet

JPEG = encode(photo_like(60, 80), "JPEG")
PNG = encode(photo_like(60, 80), "PNG")
BROKEN = (b"I am text", JPEG[: len(JPEG) // 2], PNG[:100], png_header(60_000, 60_000), JPEG[:300] + JPEG[290:])
schemathesis.openapi.media_type("image/jpeg", st.sampled_from((JPEG, JPEG, *BROKEN)))
schemathesis.openapi.media_type("image/png", st.sampled_from((PNG, PNG, *BROKEN)))

DOCUMENT = yaml.safe_load((ROOT / "web/openapi.yaml").read_text())
GUARDED = DOCUMENT | {"security": [each for each in DOCUMENT["security"] if each]}  # where the operator asks for one


def operations(document: dict[str, Any]) -> list[Any]:
    found = schemathesis.openapi.from_dict(document).get_all_operations()
    return [pytest.param(each.ok(), id=each.ok().label) for each in found if isinstance(each, Ok)]


ALL, GUARDED_OPERATIONS = operations(DOCUMENT), operations(GUARDED)
JOB_OPERATIONS = [each for each in ALL if each.values[0].path.startswith("/jobs")]
OPERATIONS = [each for each in ALL if each not in JOB_OPERATIONS]
CHECKS = {
    name: schemathesis.checks.CHECKS.get_one(name) for name in ("positive_data_acceptance", "negative_data_rejection")
}
# An image is judged by its bytes, of which the schema says nothing: what it allows may be refused.
UNSUITED = [CHECKS["positive_data_acceptance"]]
ALSO_REJECTED = (413, 422)
TOO_LONG = 414  # by Gunicorn, before it is a request of ours


@contextmanager
def serving(log: Path, cache: Path, **settings: str) -> Iterator[Server]:
    """Two workers that serve MobileNetV2 with random weights."""
    model = mobilenet(cache)
    with running(log, WORKERS="2", **model, **settings) as server:
        yield server


@pytest.fixture(scope="module")
def small(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("small") / "log", small_cache) as server:
        yield server


@pytest.fixture(scope="module")
def guarded(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, dict[str, str]]]:
    """A service that wants a key and answers each but so often; and a key for each scope."""
    folder = tmp_path_factory.mktemp("guarded")
    made = {scope: new_key("x", (scope,), datetime.now(UTC), None) for scope in Scope}
    with edited(folder / "keys.json") as kept:
        kept.update((key.id, key) for _, key in made.values())
    limits = {"API_KEYS_FILE": str(folder / "keys.json"), "RATE_LIMIT": "20/hour"}
    with serving(folder / "log", small_cache, **limits) as server:
        yield server, {scope.value: key for scope, (key, _) in made.items()}


@pytest.fixture(scope="module")
def with_jobs(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parts]:
    """The same with a Redis and a job worker."""
    with parts(tmp_path_factory.mktemp("jobs"), small_cache, hosts=[()]) as them:
        yield them


def ask(
    server: Server | Parts,
    strategy: Any,
    examples: int,
    number: int | None = None,
    headers: dict[str, str] | None = None,
) -> set[int]:
    """Hold an operation to its description with that many requests; return the statuses that came."""
    seen: set[int] = set()

    @given(case=strategy)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def one(case: Case[Any]) -> None:
        response = case.call(base_url=server.url, timeout=60, headers=headers)
        assume(response.status_code != TOO_LONG)
        seen.add(response.status_code)
        unsuited = UNSUITED + ([CHECKS["negative_data_rejection"]] if response.status_code in ALSO_REJECTED else [])
        case.validate_response(response, excluded_checks=unsuited, headers=headers)  # type: ignore[arg-type]  # its own

    (one if number is None else seed(number)(one))()
    return seen


def is_post(operation: Any) -> bool:
    return bool(operation.method.upper() == "POST")


@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_service_keeps_what_the_document_promises(small: Server, operation: Any) -> None:
    seen = ask(small, operation.as_strategy(), 120 if is_post(operation) else 15, number=4)
    if is_post(operation):
        assert {200, 400, 415, 422} <= seen


def submitted(server: Parts) -> str:
    """The id of a new job of six images, one of them none."""
    files = [("file", (f"{index}.jpg", content)) for index, content in enumerate([JPEG, PNG, b"text"] * 2)]
    return str(requests.post(f"{server.url}/jobs", files=files, timeout=60).json()["id"])


def open_jobs(server: Parts) -> float:
    return value(requests.get(f"{server.url}/metrics", timeout=60).text, "triptych_jobs_open")


def about(operation: Any, *ids: str) -> Any:
    """Ask of those jobs, as often as of jobs that never were."""
    return st.one_of(
        operation.as_strategy(),
        st.sampled_from(ids).flatmap(lambda each: operation.as_strategy(path_parameters={"job_id": each})),
    )


@pytest.mark.parametrize("operation", JOB_OPERATIONS)
def test_jobs_keep_what_the_document_promises(with_jobs: Parts, operation: Any) -> None:
    if is_post(operation):
        assert {202, 400} <= ask(with_jobs, operation.as_strategy(), 120, number=4), "images are looked at later"
        until(lambda: open_jobs(with_jobs) == 0, "a job was lost")
        return
    ended, opened = submitted(with_jobs), submitted(with_jobs)
    until(lambda: job(with_jobs.url, ended)["state"] in FINAL, "the job was lost")
    assert ask(with_jobs, about(operation, ended, opened), 30, number=4) == {200, 404}
    assert job(with_jobs.url, ended)["state"] == "done"


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data"])
def test_what_the_document_does_not_allow_of_a_job_is_refused(with_jobs: Parts, media_type: str) -> None:
    assert 400 in ask(with_jobs, nonsense(media_type, JOB_OPERATIONS), 60, number=4)


@pytest.mark.slow
@pytest.mark.parametrize("operation", JOB_OPERATIONS)
def test_jobs_keep_it_whatever_the_seed(with_jobs: Parts, operation: Any) -> None:
    strategy = operation.as_strategy() if is_post(operation) else about(operation, submitted(with_jobs))
    ask(with_jobs, strategy, 500)


@pytest.mark.slow
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_service_keeps_it_whatever_the_seed(small: Server, operation: Any) -> None:
    ask(small, operation.as_strategy(), 2000 if is_post(operation) else 100)


def nonsense(media_type: str, among: list[Any]) -> Any:
    """What the document does not allow of the one of them that takes images. An id is not refused but replaced."""
    (operation,) = (each.values[0] for each in among if is_post(each.values[0]))
    negative = GenerationMode.NEGATIVE
    return operation.as_strategy(negative, media_type=media_type, headers={"X-Request-ID": "a-good-id"})


@pytest.mark.parametrize("media_type", ["application/json", "multipart/form-data"])
def test_what_the_document_does_not_allow_is_refused(small: Server, media_type: str) -> None:
    """Schemathesis judges it: some becomes sense on its way, such as a number where text is wanted."""
    assert 400 in ask(small, nonsense(media_type, OPERATIONS), 60, number=4)


@pytest.mark.parametrize("operation", GUARDED_OPERATIONS)
def test_who_may_not_call_is_refused_as_the_document_says(
    guarded: tuple[Server, dict[str, str]], operation: Any
) -> None:
    server, keys = guarded
    is_job = operation.path.startswith("/jobs")  # there are none here, and that is told to nobody else
    scope = "jobs" if is_job else {"/predict": "predict", "/metrics": "metrics"}.get(operation.path)
    if scope is None:
        assert not {401, 403} & ask(server, operation.as_strategy(), 5, number=4)
        return
    other = keys["predict" if is_job else "jobs"]
    assert ask(server, operation.as_strategy(), 5, number=4) == {401}
    assert ask(server, operation.as_strategy(), 5, number=4, headers={"X-API-Key": other}) == {403}
    seen = ask(server, operation.as_strategy(), 20, number=4, headers={"X-API-Key": keys[scope]})
    assert (404 if is_job else 200) in seen
    if is_post(operation):
        assert 429 in ask(server, operation.as_strategy(), 40, number=5, headers={"X-API-Key": keys[scope]})
