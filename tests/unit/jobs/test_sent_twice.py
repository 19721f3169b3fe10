"""What is asked again after a lost answer is done once."""

from collections.abc import Iterator

import pytest
import redis

from jobs import store
from jobs.claims import MOST_TRIES
from jobs.figures import figures
from jobs.job import Chunk, State
from tests.redis_server import RedisServer
from tests.unit.jobs.parts import Parts, a_job, good, members, named
from tests.unit.jobs.stammering import StammeringClient


@pytest.fixture
def parts(client: redis.Redis, jobs_redis: RedisServer) -> Iterator[Parts]:
    with StammeringClient.from_url(jobs_redis.url) as stammering:
        yield Parts(stammering)


def test_a_job_is_accepted_once(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3, key="monday"))
    assert made.is_new
    assert parts.ledger.submit(a_job(3, key="monday")).id == made.id
    told = figures(parts.client)
    assert (told.submitted, told.jobs[State.QUEUED], told.waiting) == (1, 1, 2)


def test_a_claim_is_one_try(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    for attempt in range(MOST_TRIES):
        assert list(parts.claimed(chunk, f"dies-{attempt}").missing) == [0, 1]
        parts.lease_is_over(chunk)
    assert list(parts.claimed(chunk, "lives").missing) == [1]
    assert figures(parts.client).given_up == 1
    assert parts.job(made.id).state is State.RUNNING


def test_a_result_is_kept_and_counted_once(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    held = figures(parts.client).image_bytes
    claim = parts.claimed(parts.published[0])
    assert parts.claims.keep(claim, 0, good(0), following=1) == (1, b"image 1")
    told = figures(parts.client)
    assert (told.images, told.image_bytes) == (1, held - len(b"image 0"))
    assert parts.claims.keep(claim, 1, good(1), None) == (0, None)
    assert parts.job(made.id).state is State.DONE
    assert figures(parts.client).jobs[State.DONE] == 1


def test_a_chunk_is_given_back_once(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    for attempt in range(2 * MOST_TRIES):
        parts.claims.hand_on(parts.claimed(chunk, f"cannot-{attempt}"))
    for attempt in range(MOST_TRIES):
        claim = parts.claimed(chunk, f"fails-{attempt}")
        assert list(claim.missing) == [0, 1]
        parts.claims.give_back(claim, 0)
    assert list(parts.claimed(chunk, "lives").missing) == [1]


def test_a_failed_job_is_opened_once_and_the_operator_hears_of_it(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(4))
    for number in (0, 1):
        parts.give_up(Chunk(made.id, number))
    parts.published.clear()
    for number in (0, 1):
        claim = parts.claimed(Chunk(made.id, number), "lives")
        for index in claim.missing:
            parts.claims.keep(claim, index, good(index), None)
    assert parts.job(made.id).state is State.FAILED
    assert parts.letters.retry(made.id) == 2
    assert named(parts.published) == [f"{made.id}:0", f"{made.id}:1"]
    assert (figures(parts.client).jobs[State.QUEUED], figures(parts.client).waiting) == (1, 2)
    parts.work_off()
    assert parts.job(made.id).state is State.DONE


def test_a_job_that_ended_before_it_was_sent_again_leaves_no_images(client: redis.Redis, parts: Parts) -> None:
    """The first answer was lost, and a worker was quick."""
    stammering = parts.client
    assert isinstance(stammering, StammeringClient)

    def work_off() -> None:
        (member,) = members(client, store.WAITING)
        Parts(client, published=[Chunk.of(member.encode())]).work_off()

    stammering.in_between = work_off
    made = parts.ledger.submit(a_job(2))
    assert parts.job(made.id).state is State.DONE
    assert not client.keys("*:images")
    assert figures(client).image_bytes == 0


def test_a_pass_of_the_reaper_counts_once(parts: Parts) -> None:
    """Which chunks are to be sent is lost with the first answer, and found when their messages don't come."""
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    parts.claimed(chunk)
    parts.lease_is_over(chunk)
    assert parts.reaper.run_once() == 0
    assert figures(parts.client).retried == 1
    assert parts.client.zscore(store.WAITING, f"{chunk.id}:0")
