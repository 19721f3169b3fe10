"""What callers and scrapes are told of the Redis behind the jobs: well, away, silent, full."""

import signal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import started
from tests.api.jobs import REPLY, kept, made, service, store, submit, work
from tests.api.test_predict import BRIGHT
from tests.pictures import multipart
from tests.redis_server import DURABLE, FORGETFUL, redis_server
from tests.scraped import value
from web.request import MB

NOBODY = "0" * 32


def test_no_more_is_kept_than_may_and_room_is_made_by_an_end(redis_url: str) -> None:
    client = service(redis_url, MAX_JOBS_MB="3")
    whole = bytes(MB)
    first = made(client, whole)
    made(client, whole)
    before = kept(redis_url)
    refused = submit(client, whole, key="k")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "overloaded")
    assert int(refused.headers["Retry-After"]) >= 1
    assert kept(redis_url) == before
    client.delete(f"/jobs/{first}")
    assert submit(client, whole, key="k").status_code == 202


@pytest.mark.parametrize(
    ("keeping", "options", "is_durable"),
    [
        (DURABLE, (), True),
        (DURABLE, ("--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru"), False),
        (("--save", "", "--appendonly", "yes", "--appendfsync", "everysec"), (), False),
        (FORGETFUL, (), False),
    ],
)
def test_a_caller_is_told_whether_the_job_would_survive_redis(
    tmp_path: Path, keeping: tuple[str, ...], options: tuple[str, ...], is_durable: bool
) -> None:
    with redis_server(tmp_path, *options, keeping=keeping) as server:
        client = service(server.url)
        for _ in range(2):  # made, and asked for again
            answer = submit(client, key="monday")
            assert (answer.status_code, answer.get_json()["durable"]) == (202, is_durable)


def refused(client: FlaskClient) -> list[tuple[int, str, bool]]:
    """What becomes of every kind of request."""
    answers = [submit(client), client.get(f"/jobs/{NOBODY}"), client.delete(f"/jobs/{NOBODY}")]
    return [(each.status_code, each.get_json()["code"], int(each.headers["Retry-After"]) > 0) for each in answers]


def test_without_its_redis_jobs_are_not_ready_and_predictions_are() -> None:
    client = service("redis://:geheim@127.0.0.1:1/0")
    assert refused(client) == [(503, "not_ready", True)] * 3
    assert client.post("/predict", **multipart(BRIGHT)).status_code == 200
    assert client.get("/readyz").status_code == 200
    assert "geheim" not in submit(client).text


def test_a_redis_that_says_nothing_is_not_waited_for_long_and_makes_nothing_by_halves(tmp_path: Path) -> None:
    with redis_server(tmp_path) as server:
        client = service(server.url)
        assert submit(client).status_code == 202
        before = kept(server.url)
        server.process.send_signal(signal.SIGSTOP)
        try:
            assert refused(client) == [(503, "not_ready", True)] * 3
        finally:
            server.process.send_signal(signal.SIGCONT)
        assert kept(server.url) == before
        assert submit(service(server.url)).status_code == 202


def test_a_redis_whose_memory_is_full_takes_no_job_and_keeps_no_half_of_one(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--maxmemory", "2mb", "--maxmemory-policy", "noeviction") as server:
        client, upload = service(server.url), bytes(100_000)
        taken = []
        while (answer := submit(client, upload)).status_code == 202:
            taken.append(answer.get_json()["id"])
            assert len(taken) < 20
        assert (answer.status_code, answer.get_json()["code"]) == (503, "overloaded")
        assert int(answer.headers["Retry-After"]) >= 1
        names = kept(server.url)
        assert {name for name in names if name.startswith("triptych:job:")} == {
            f"triptych:job:{job_id}{part}" for job_id in taken for part in ("", ":images")
        }
        with store(server.url) as connection:
            counts: Any = connection.hgetall("triptych:jobs:counts")
        assert int(counts[b"submitted"]) == len(taken) > 0


def test_a_scrape_tells_how_the_jobs_are(redis_url: str) -> None:
    client = service(redis_url)
    done = made(client, BRIGHT)
    work(redis_url, done, REPLY)
    made(client, *[BRIGHT] * 17)
    client.delete(f"/jobs/{made(client)}")
    text = client.get("/metrics").text
    expected = {
        "triptych_jobs_store_up": 1,
        "triptych_jobs_submitted_total": 3,
        "triptych_job_queue_depth": 2,
        "triptych_job_chunks_running": 0,
        "triptych_job_images_total": 1,
        "triptych_jobs_dead": 0,
    }
    assert {name: value(text, name) for name in expected} == expected
    assert value(text, "triptych_jobs_open", state="queued") == 1
    assert value(text, "triptych_jobs_ended_total", state="done") == 1
    assert value(text, "triptych_jobs_ended_total", state="cancelled") == 1
    assert value(text, "triptych_jobs_image_bytes") >= 17 * len(BRIGHT)


def test_a_scrape_without_redis_says_that_it_is_away_and_all_else() -> None:
    answer = service("redis://127.0.0.1:1/0").get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "triptych_jobs_store_up") == 0
    assert "triptych_jobs_open" not in answer.text
    assert value(answer.text, "triptych_model_loaded") == 1
    assert "triptych_jobs" not in started().test_client().get("/metrics").text, "there are none"
