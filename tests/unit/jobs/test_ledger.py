"""The ledger as callers have it: accepted once, told as it stands, ended once."""

import dataclasses
from collections.abc import Callable

import pytest
import redis

from jobs import store
from jobs.errors import IdempotencyConflict, JobForgotten, StoreFull, StoreUnreachable, UnknownJob
from jobs.figures import figures
from jobs.job import Chunk, NewJob, Result, State
from jobs.ledger import Keeping
from jobs.store import Persistence, connect
from tests.unit.jobs.parts import ASKED, Parts, a_job, good, named

CORRUPT = Result(code="corrupt_image", detail="It is.")


def test_a_job_is_kept_whole_and_its_chunks_are_sent(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3, bad={1: CORRUPT}, owner="phone"))
    assert made.is_new
    assert len(made.id) == 32
    assert named(parts.published) == [f"{made.id}:0", f"{made.id}:1"]
    job = parts.ledger.job(made.id, "phone")
    assert (job.state, job.files, job.results) == (State.QUEUED, ("0.png", "1.png", "2.png"), {1: CORRUPT})
    assert job.request_id == "of-a-test"
    assert job.expires - job.created == pytest.approx(600)
    claim = parts.claimed(Chunk(made.id, 0))
    assert (claim.asked, claim.request_id, list(claim.missing)) == (ASKED, "of-a-test", [0])
    assert parts.claims.image(claim.chunk, 0) == b"image 0"


def test_a_job_whose_uploads_are_all_bad_has_ended_before_anybody_works_on_it(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2, bad={0: CORRUPT, 1: CORRUPT}))
    job = parts.job(made.id)
    assert (job.state, job.results) == (State.DONE, {0: CORRUPT, 1: CORRUPT})
    assert not parts.client.exists(store.images_key(made.id))
    assert figures(parts.client).image_bytes == 0
    assert parts.claims.claim(Chunk(made.id, 0), "a") is None


def test_results_are_there_as_they_come_and_stay_for_their_time(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    claim = parts.claimed(Chunk(made.id, 1))
    parts.claims.keep(claim, 2, good(2), None)
    job = parts.job(made.id)
    assert (job.state, job.results) == (State.RUNNING, {2: good(2)})
    parts.work_off()
    job = parts.job(made.id)
    assert (job.state, job.results) == (State.DONE, {index: good(index) for index in range(3)})
    lives_s = [parts.client.ttl(key) for key in (store.record_key(made.id), store.results_key(made.id))]
    assert lives_s == [300, 300]


def test_results_come_in_the_order_of_the_images(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(12))
    for number in reversed(range(6)):
        parts.published.append(Chunk(made.id, number))
    parts.published[:6] = []
    parts.work_off()
    assert list(parts.job(made.id).results) == list(range(12))


def test_a_job_is_its_owners_also_when_nothing_is_left_of_it(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(1, owner="phone"))
    parts.work_off()
    for _ in ("its results are there", "they are gone"):
        for stranger in ("", "tablet"):
            with pytest.raises(UnknownJob):
                parts.ledger.job(made.id, stranger)
            with pytest.raises(UnknownJob):
                parts.ledger.cancel(made.id, stranger)
        parts.results_expire(made.id)
    with pytest.raises(JobForgotten):
        parts.ledger.job(made.id, "phone")
    with pytest.raises(UnknownJob):
        parts.job("0" * 32)


def test_a_cancelled_job_has_ended_at_once_and_its_images_are_gone(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    claim = parts.claimed(Chunk(made.id, 0))
    parts.claims.keep(claim, 0, good(0), None)
    assert parts.ledger.cancel(made.id, "").state is State.CANCELLED
    assert parts.claims.keep(claim, 1, good(1), None) == (0, None)
    assert parts.claims.claim(Chunk(made.id, 1), "b") is None
    job = parts.job(made.id)
    assert (job.state, job.results) == (State.CANCELLED, {0: good(0)})
    assert not parts.client.exists(store.images_key(made.id))
    assert figures(parts.client).image_bytes == 0


def test_a_job_that_has_ended_can_not_be_cancelled(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(1))
    parts.work_off()
    assert parts.ledger.cancel(made.id, "").state is State.DONE


def test_the_same_key_is_the_same_job_while_it_is_kept(parts: Parts) -> None:
    first = parts.ledger.submit(a_job(2, key="monday"))
    parts.work_off()
    again = parts.ledger.submit(a_job(2, key="monday"))
    assert (again.id, again.is_new) == (first.id, False)
    assert not parts.published
    assert not parts.client.keys("*:images")
    other = parts.ledger.submit(a_job(2, key="monday", owner="another"))
    assert other.is_new
    parts.results_expire(first.id)
    assert parts.ledger.submit(a_job(2, key="monday")).id not in (first.id, other.id)


CHANGES: dict[str, Callable[[NewJob], NewJob]] = {
    "another image": lambda new: dataclasses.replace(new, images=[b"image 0", b"image!1"]),
    "the same bytes, cut elsewhere": lambda new: dataclasses.replace(new, images=[b"image 0i", b"mage 1"]),
    "other names": lambda new: dataclasses.replace(new, files=("0.png", "one.png")),
    "another model": lambda new: dataclasses.replace(new, asked=ASKED._replace(models=("vgg16",))),
    "more labels": lambda new: dataclasses.replace(new, asked=ASKED._replace(top=5)),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_the_same_key_for_something_else_is_a_conflict(parts: Parts, change: Callable[[NewJob], NewJob]) -> None:
    parts.ledger.submit(a_job(2, key="monday"))
    with pytest.raises(IdempotencyConflict):
        parts.ledger.submit(change(a_job(2, key="monday")))
    assert figures(parts.client).submitted == 1
    assert len(parts.client.keys("*:images")) == 1


def test_images_of_unfinished_jobs_take_so_much_memory_and_no_more(client: redis.Redis) -> None:
    parts = Parts(client, Keeping(max_bytes=5000, image_ttl_s=600, result_ttl_s=300))
    made = parts.ledger.submit(a_job(3))  # with four times 1024 of overhead
    with pytest.raises(StoreFull) as full:
        parts.ledger.submit(a_job(3))
    assert full.value.retry_after_s == 10
    assert client.keys("*:images") == [store.images_key(made.id).encode()]
    parts.work_off()
    assert parts.ledger.submit(a_job(3)).is_new


def test_a_redis_that_has_no_memory_left_refuses_as_one_that_may_take_no_more(parts: Parts) -> None:
    try:
        parts.client.config_set("maxmemory", 1)
        with pytest.raises(StoreFull):
            parts.ledger.submit(a_job(3))
    finally:
        parts.client.config_set("maxmemory", 0)
    assert parts.client.keys("*") == []


@pytest.mark.parametrize(
    ("appendonly", "appendfsync", "is_durable"),
    [("yes", "always", True), ("yes", "everysec", False), ("no", "always", False)],
)
def test_a_job_is_durable_where_redis_writes_before_it_answers(
    parts: Parts, appendonly: str, appendfsync: str, is_durable: bool
) -> None:
    try:
        parts.client.config_set("appendonly", appendonly)
        parts.client.config_set("appendfsync", appendfsync)
        assert parts.ledger.submit(a_job()).is_durable is is_durable
    finally:
        parts.client.config_set("appendonly", "no")


def test_without_redis_nothing_is_accepted() -> None:
    with connect("redis://127.0.0.1:1/0", Persistence(1.0, 0)) as nowhere:
        parts = Parts(nowhere)
        with pytest.raises(StoreUnreachable) as unreachable:
            parts.ledger.submit(a_job())
        assert unreachable.value.retry_after_s
        with pytest.raises(StoreUnreachable):
            parts.job("0" * 32)
    assert not parts.published


@pytest.mark.parametrize("maxmemory", ["1mb", "0"])
def test_a_known_key_is_answered_however_full_redis_is_and_a_forgotten_one_is_no_way_around(
    client: redis.Redis, maxmemory: str
) -> None:
    keeping = Keeping(max_bytes=1_000_000 if maxmemory != "0" else 4000, image_ttl_s=600, result_ttl_s=300)
    parts = Parts(client, keeping)
    made = parts.ledger.submit(a_job(2, key="monday"))
    client.config_set("maxmemory", maxmemory)
    try:
        assert parts.ledger.submit(a_job(2, key="monday")).id == made.id
        with pytest.raises(IdempotencyConflict):
            parts.ledger.submit(a_job(3, key="monday"))
        assert list(client.scan_iter("*:images")) == [store.images_key(made.id).encode()], (
            "nothing was written for them"
        )
        client.unlink(store.record_key(made.id), store.results_key(made.id))
        with pytest.raises(StoreFull):
            parts.ledger.submit(a_job(2, key="monday"))
    finally:
        client.config_set("maxmemory", 0)


def test_a_redis_that_takes_no_writes_still_tells_of_jobs(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    parts.work_off()
    parts.client.config_set("min-replicas-to-write", 1)
    try:
        assert parts.job(made.id).state is State.DONE
    finally:
        parts.client.config_set("min-replicas-to-write", 0)


def test_a_job_of_bad_uploads_alone_is_done_as_it_is_told(parts: Parts) -> None:
    bad = {index: Result(code="upload_too_large") for index in range(2)}
    made = parts.ledger.submit(a_job(2, bad=bad))
    found = parts.job(made.id)
    assert (made.job.state, found.state, parts.published) == (State.DONE, State.DONE, [])
    assert made.job.expires == pytest.approx(found.expires, abs=5)
    assert made.job.results == found.results


def test_a_redis_that_has_forgotten_our_scripts_does_all_or_nothing(parts: Parts) -> None:
    """As one does that was started again."""
    parts.client.config_resetstat()
    for _ in range(2):
        parts.client.script_flush()
        made = parts.ledger.submit(a_job(2))
        assert parts.job(made.id).state is State.QUEUED
        assert "cmdstat_evalsha" not in parts.client.info("commandstats"), "redis-py loads scripts before, not within"
        claim = parts.claimed(parts.published.pop(0))
        parts.client.script_flush()
        parts.client.config_resetstat()
        for index in claim.missing:
            parts.claims.keep(claim, index, good(index), None)
        assert parts.job(made.id).state is State.DONE
        assert "cmdstat_evalsha" not in parts.client.info("commandstats")
    assert not list(parts.client.scan_iter("*:images"))
