"""Figures of the whole ledger, at one moment."""

import pytest
import redis

from jobs import store
from jobs.errors import StoreUnreachable
from jobs.figures import Figures, figures
from jobs.job import Chunk, Result, State
from jobs.store import Persistence, connect
from tests.unit.jobs.parts import Parts, a_job, good

NONE = dict.fromkeys(State, 0)


def test_of_no_jobs_they_are_zero(client: redis.Redis) -> None:
    assert figures(client) == Figures(NONE, 0, 0, 0, 0.0, 0, 0, 0, 0, 0)


def test_they_follow_a_job_on_its_way(parts: Parts) -> None:
    parts.ledger.submit(a_job(3, bad={2: Result(code="corrupt_image")}))
    parts.ledger.submit(a_job(3))
    told = figures(parts.client)
    size = 3 * 1024 + len(b"image 0" + b"0.png") * 3 + 1024
    assert told == Figures(NONE | {State.QUEUED: 2}, 2, 3, 0, told.oldest_s, 0, 0, 0, 0, 2 * size - len(b"image 2"))
    claim = parts.claimed(parts.published[0])
    told = figures(parts.client)
    assert (told.jobs, told.waiting, told.claimed) == (NONE | {State.QUEUED: 1, State.RUNNING: 1}, 2, 1)
    parts.claims.keep(claim, 0, good(0), None)
    assert figures(parts.client).images == 1
    parts.claims.keep(claim, 1, good(1), None)
    parts.work_off()
    told = figures(parts.client)
    assert told == Figures(NONE | {State.DONE: 2}, 2, 0, 0, 0.0, 5, 0, 0, 0, 0)


def test_the_oldest_is_the_first_job_that_is_open_whatever_became_of_its_messages(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(4))
    parts.ledger.submit(a_job(1))
    opened = parts.client.hget(store.record_key(made.id), "opened")
    assert isinstance(opened, bytes)
    parts.client.hset(store.record_key(made.id), "opened", float(opened) - 30)
    claim = parts.claimed(Chunk(made.id, 1))
    assert figures(parts.client).oldest_s == pytest.approx(30, abs=5)
    parts.claims.hand_on(claim)
    assert figures(parts.client).oldest_s == pytest.approx(30, abs=5)
    parts.ledger.cancel(made.id, "")
    assert figures(parts.client).oldest_s == pytest.approx(0, abs=5)


def test_lost_workers_and_given_up_images_are_counted(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    for holder in "abc":
        parts.claimed(Chunk(made.id, 0), holder)
        parts.lease_is_over(Chunk(made.id, 0))
        parts.reaper.run_once()
    parts.work_off()
    told = figures(parts.client)
    assert (told.retried, told.given_up, told.dead, told.images) == (3, 1, 1, 1)
    assert told.jobs == NONE | {State.FAILED: 1}


def test_a_clock_that_was_put_back_makes_nothing_younger_than_now(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(1))
    parts.client.hset(store.record_key(made.id), "opened", 1e11)
    assert figures(parts.client).oldest_s == 0


def test_without_redis_there_are_none() -> None:
    with connect("redis://127.0.0.1:1/0", Persistence(0.5, 0)) as nowhere, pytest.raises(StoreUnreachable):
        figures(nowhere)
