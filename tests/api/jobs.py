"""A service with jobs, in this process, on a real Redis; and what a worker would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import redis
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.claims import Claims
from jobs.job import Chunk, Result, State
from jobs.store import Persistence, connect, images_key, record_key, results_key, script
from tests.api.conftest import started
from tests.api.test_predict import BRIGHT
from tests.pictures import multipart

REPLY = Result(reply={"results": [], "model": "resnet50"})


def service(redis_url: str, **settings: str) -> FlaskClient:
    return started(REDIS_URL=redis_url, **settings).test_client()


def submit(client: FlaskClient, *uploads: bytes, key: str = "", **headers: str) -> TestResponse:
    """Ask for a job of those images, or of one."""
    named = {"Idempotency-Key": key} if key else {}
    sent = list((headers | named).items())
    return client.post("/jobs", headers=sent, **multipart(*(uploads or (BRIGHT,))))


def made(client: FlaskClient, *uploads: bytes, **headers: str) -> str:
    """The id of a new job."""
    answer = submit(client, *uploads, **headers)
    assert answer.status_code == 202, answer.text
    return str(answer.get_json()["id"])


@contextmanager
def store(redis_url: str) -> Iterator[redis.Redis]:
    """A client of our own."""
    with connect(redis_url, Persistence(5.0, 0)) as client:
        yield client


def work(redis_url: str, job_id: str, *results: Result) -> None:
    """Bring *results* of a job's first images, as a worker does."""
    with store(redis_url) as client:
        claims = Claims(client, 20)
        claim = claims.claim(Chunk(job_id, 0), "a worker")
        assert claim is not None
        for index, result in zip(claim.missing, results, strict=False):
            claims.keep(claim, index, result, None)


def forget(redis_url: str, job_id: str) -> None:
    """End a job, and let its results be gone, as they are JOB_RESULT_TTL_S later."""
    with store(redis_url) as client:
        script(client, "end")(args=[job_id, State.CANCELLED])
        client.delete(record_key(job_id), results_key(job_id), images_key(job_id))


def kept(redis_url: str) -> list[str]:
    """The names of all that Redis has of ours."""
    with store(redis_url) as client:
        names: Any = client.keys("triptych:*")
        return sorted(name.decode() for name in names)
