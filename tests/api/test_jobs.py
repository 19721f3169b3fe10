"""POST /jobs, GET and DELETE /jobs/<id>, on a real Redis."""

from typing import Any

import pytest

from jobs.claims import Claims
from jobs.job import Chunk
from jobs.work import Work
from models.registry import Registry
from tests.api.conftest import load, started
from tests.api.jobs import REPLY, forget, kept, made, service, store, submit, work
from tests.api.test_predict import BRIGHT, DARK, JPEG
from tests.fakes import a_road
from tests.pictures import multipart
from web.errors import PROBLEMS
from web.request import MB

NOBODY = "0" * 32
LARGE = bytes(MB + 1)  # more than MAX_UPLOAD_MB here
FOUR = "vgg16,resnet50,inceptionv3,mobilenetv2"


def test_a_job_is_taken_and_can_be_looked_at(redis_url: str) -> None:
    client = service(redis_url)
    answer = submit(client, BRIGHT, DARK)
    body = answer.get_json()
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/jobs/{body['id']}"
    assert answer.headers["Retry-After"] == "1"
    assert (body["state"], body["images"], body["done"], body["predictions"]) == ("queued", 2, 0, [])
    found = client.get(answer.headers["Location"])
    assert found.headers["Retry-After"] == "1"
    told = ("id", "state", "images", "done", "created", "expires", "predictions", "request_id")
    assert tuple(found.get_json()) == told
    assert found.get_json()["request_id"] == found.headers["X-Request-ID"]


def test_results_are_shown_as_they_come_in_the_order_sent(redis_url: str) -> None:
    client = service(redis_url)
    job_id = made(client, *[BRIGHT] * 12)
    work(redis_url, job_id, *[REPLY] * 11)
    found = client.get(f"/jobs/{job_id}")
    assert (found.get_json()["state"], found.get_json()["done"]) == ("running", 11)
    entries = found.get_json()["predictions"]
    assert [(entry["index"], entry["file"]) for entry in entries] == [(n, f"{n}.jpg") for n in range(11)]
    assert found.headers["Retry-After"] == "1"


def test_a_job_that_has_ended_says_so_and_need_not_be_asked_for_again(redis_url: str) -> None:
    client = service(redis_url)
    job_id = made(client, BRIGHT)
    work(redis_url, job_id, REPLY)
    found = client.get(f"/jobs/{job_id}")
    assert found.get_json()["state"] == "done"
    assert "Retry-After" not in found.headers


def test_a_job_has_the_entries_of_a_prediction_of_the_same_files(redis_url: str) -> None:
    client = service(redis_url)
    files = (BRIGHT, b"I am text", LARGE, JPEG[:9000], DARK)
    headers = {"X-Request-ID": "of-the-caller"}
    expected = client.post("/predict", headers=headers, **multipart(*files)).get_json()["predictions"]
    job_id = made(service(redis_url), *files, **headers)
    registry = Registry(("resnet50",), load)
    registry.start()
    with store(redis_url) as connection:
        Work(Claims(connection, 20), registry, a_road(), 10, lambda _: None).do(Chunk(job_id, 0), "a worker")
    entries = client.get(f"/jobs/{job_id}").get_json()["predictions"]
    # The worker's road here has the limits of a service in production.
    assert [entry.pop("index") for entry in entries] == list(range(len(files)))
    assert entries == expected


BAD = [
    ("no body", {}, 400, "missing_file"),
    ("urlencoded", {"data": {"file": "x"}}, 400, "missing_file"),
    ("broken multipart", {"data": b"--x\r\nno", "content_type": "multipart/form-data; boundary=x"}, 400,
     "malformed_body"),
    ("broken JSON", {"data": b"{", "content_type": "application/json"}, 400, "malformed_body"),
    ("no base64", {"json": {"image": "?"}}, 400, "malformed_body"),
    ("text", {"data": b"hello", "content_type": "text/plain"}, 415, "unsupported_media_type"),
    ("five files", multipart(*[BRIGHT] * 5), 413, "too_many_files"),
    ("one that is too large", multipart(LARGE), 413, "upload_too_large"),
    ("too large together", multipart(LARGE, LARGE), 413, "upload_too_large"),
    ("unknown model", multipart(BRIGHT, model="vgg61"), 400, "invalid_model"),
    ("no weights", multipart(BRIGHT, model="vgg16"), 503, "weights_missing"),
    ("failed model", multipart(BRIGHT, model="inceptionv3"), 503, "not_ready"),
    ("top", multipart(BRIGHT, top="11"), 400, "invalid_top"),
    ("resize", multipart(BRIGHT, resize="stretch"), 400, "invalid_resize"),
    *((f"key {key!r}", multipart(BRIGHT) | {"headers": {"Idempotency-Key": key}}, 400, "invalid_idempotency_key")
      for key in ("", "two words", "\xfcmlaut", "x" * 256)),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "status", "code"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_what_can_not_be_a_job_is_refused_and_leaves_nothing(
    redis_url: str, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = service(redis_url, MODELS=FOUR, MAX_JOB_FILES="4").post("/jobs", **request_)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert answer.content_type == "application/problem+json"
    assert answer.get_json()["error"] == PROBLEMS[code].error
    assert kept(redis_url) == []


@pytest.mark.parametrize(("method", "path"), [("POST", ""), ("GET", f"/{NOBODY}"), ("DELETE", f"/{NOBODY}")])
def test_without_a_redis_there_are_no_jobs(method: str, path: str) -> None:
    for prefix in ("", "/v1"):
        answer = started().test_client().open(f"{prefix}/jobs{path}", method=method, **multipart(BRIGHT))
        assert (answer.status_code, answer.get_json()["code"]) == (404, "jobs_disabled")


@pytest.mark.parametrize("way", ["raw", "json", "query"])
def test_every_way_in_is_a_way_to_a_job(redis_url: str, way: str) -> None:
    ways: dict[str, dict[str, Any]] = {
        "raw": {"data": BRIGHT, "content_type": "image/png"},
        "json": {"json": {"image": "iVBORw0KGgo=", "model": "resnet50"}},
        "query": {"query_string": {"model": "resnet50", "top": "1"}, **multipart(BRIGHT)},
    }
    assert service(redis_url).post("/jobs", **ways[way]).status_code == 202


def test_an_image_that_is_too_large_spoils_its_own_entry_only(redis_url: str) -> None:
    body = submit(service(redis_url), BRIGHT, LARGE).get_json()
    (entry,) = body["predictions"]
    assert (body["state"], body["done"]) == ("queued", 1)
    assert (entry["index"], entry["code"], entry["status"]) == (1, "upload_too_large", 413)


@pytest.mark.parametrize("path", ["/jobs", "/v1/jobs", "/jobs/"])
@pytest.mark.parametrize("mount", ["", "/behind/a/proxy"])
def test_location_is_where_the_caller_asked(redis_url: str, path: str, mount: str) -> None:
    client = service(redis_url)
    answer = client.post(path, base_url=f"http://localhost{mount}", **multipart(BRIGHT))
    if path.endswith("/"):
        assert answer.status_code == 404
        return
    assert answer.headers["Location"] == f"{mount}{path}/{answer.get_json()['id']}"
    found = client.get(answer.headers["Location"].removeprefix(mount), base_url=f"http://localhost{mount}")
    assert found.status_code == 200


def test_a_job_is_cancelled_once_and_one_that_has_ended_stays_as_it_is(redis_url: str) -> None:
    client = service(redis_url)
    opened, done = made(client, BRIGHT, BRIGHT), made(client, BRIGHT)
    work(redis_url, opened, REPLY)
    work(redis_url, done, REPLY)
    for _ in range(2):
        answer = client.delete(f"/jobs/{opened}")
        assert (answer.status_code, answer.get_json()["state"], answer.get_json()["done"]) == (200, "cancelled", 1)
        assert "Retry-After" not in answer.headers
        assert client.delete(f"/jobs/{done}").get_json()["state"] == "done"
    assert not [name for name in kept(redis_url) if name.endswith(":images")], "nobody needs them"


@pytest.mark.parametrize(
    "job_id", [NOBODY, "x", "A" * 32, "0" * 31, "0" * 33, "*", "..%2f..%2fjobs", "%00", "\xfc" * 32]
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_id_that_is_none_is_not_found(redis_url: str, method: str, job_id: str) -> None:
    answer = service(redis_url).open(f"/jobs/{job_id}", method=method)
    assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found")


def test_a_job_whose_results_are_gone_is_expired_for_a_while(redis_url: str) -> None:
    client = service(redis_url)
    job_id = made(client)
    forget(redis_url, job_id)
    for method in ("GET", "DELETE"):
        answer = client.open(f"/jobs/{job_id}", method=method)
        assert (answer.status_code, answer.get_json()["code"]) == (410, "expired")
