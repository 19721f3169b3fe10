"""Images that were given up: listed for the operator, tried again when he says so."""

import time

import pytest

from jobs import store
from jobs.dead_letters import DeadLetter
from jobs.errors import UnknownJob
from jobs.figures import figures
from jobs.job import Chunk, State
from tests.unit.jobs.parts import Parts, a_job, good, named


def failed(parts: Parts, images: int = 5) -> str:
    """Two images in different chunks were given up, the others are done."""
    made = parts.ledger.submit(a_job(images))
    parts.give_up(Chunk(made.id, 0))
    parts.give_up(Chunk(made.id, 1))
    parts.work_off()
    return made.id


def test_a_failed_job_is_listed_with_the_names_of_what_was_given_up(parts: Parts) -> None:
    job_id = failed(parts)
    (letter,) = parts.letters.list()
    assert letter == DeadLetter(job_id, letter.died, {0: "0.png", 2: "2.png"}, is_kept=True)
    assert letter.died == pytest.approx(time.time(), abs=60)
    assert parts.job(job_id).state is State.FAILED
    assert figures(parts.client).dead == 1


def test_a_job_that_has_not_ended_is_not_listed_yet(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    parts.give_up(Chunk(made.id, 0))
    assert parts.letters.list() == []
    with pytest.raises(UnknownJob):
        parts.letters.retry(made.id)


def test_a_job_that_was_cancelled_or_expired_after_all_is_no_dead_letter(parts: Parts) -> None:
    cancelled, expired = (parts.ledger.submit(a_job(3)).id for _ in range(2))
    for job_id in (cancelled, expired):
        parts.give_up(Chunk(job_id, 0))
    parts.ledger.cancel(cancelled, "")
    parts.images_expire(expired)
    parts.reaper.run_once()
    assert parts.letters.list() == []
    assert figures(parts.client).dead == 0


def test_what_is_tried_again_can_succeed(parts: Parts) -> None:
    job_id = failed(parts)
    before = parts.job(job_id)
    assert parts.letters.retry(job_id) == 2
    assert sorted(named(parts.published)) == [f"{job_id}:0", f"{job_id}:1"]
    job = parts.job(job_id)
    assert (job.state, sorted(job.results), job.created) == (State.QUEUED, [1, 3, 4], before.created)
    assert figures(parts.client).image_bytes == len(b"image 0" + b"image 2")
    assert parts.letters.list() == []
    keys = (store.record_key(job_id), store.results_key(job_id), store.images_key(job_id))
    assert [parts.client.ttl(key) for key in keys] == [-1, -1, 600]
    parts.work_off()
    job = parts.job(job_id)
    assert (job.state, job.results) == (State.DONE, {index: good(index) for index in range(5)})
    told = figures(parts.client)
    assert (told.image_bytes, told.waiting, told.claimed, told.dead) == (0, 0, 0, 0)
    assert (told.jobs[State.FAILED], told.jobs[State.DONE], told.jobs[State.RUNNING]) == (1, 1, 0)  # ended ones, ever


def test_what_is_tried_again_can_fail_again_and_be_tried_again(parts: Parts) -> None:
    job_id = failed(parts)
    for _ in range(2):
        parts.letters.retry(job_id)
        parts.published.clear()
        for number in (0, 1):
            parts.give_up(Chunk(job_id, number))
        assert parts.job(job_id).state is State.FAILED
        assert [letter.images for letter in parts.letters.list()] == [{0: "0.png", 2: "2.png"}]
    assert parts.letters.retry(job_id) == 2
    parts.work_off()
    assert parts.job(job_id).state is State.DONE


def test_what_is_tried_again_can_be_cancelled_and_can_expire(parts: Parts) -> None:
    cancelled, expired = failed(parts), failed(parts)
    parts.letters.retry(cancelled)
    parts.letters.retry(expired)
    assert parts.ledger.cancel(cancelled, "").state is State.CANCELLED
    parts.images_expire(expired)
    parts.reaper.run_once()
    assert parts.job(expired).state is State.EXPIRED
    assert not parts.client.keys("*:images")
    assert figures(parts.client).image_bytes == 0


def test_only_what_has_failed_and_is_still_kept_can_be_tried_again(parts: Parts) -> None:
    done = parts.ledger.submit(a_job(1)).id
    parts.work_off()
    queued = parts.ledger.submit(a_job(1)).id
    parts.published.clear()
    imageless, gone = failed(parts), failed(parts)
    parts.client.unlink(store.images_key(imageless))
    parts.results_expire(gone)
    for job_id in (done, queued, imageless, gone, "0" * 32, ""):
        with pytest.raises(UnknownJob):
            parts.letters.retry(job_id)
    assert not parts.published
    assert [(letter.id, letter.is_kept) for letter in parts.letters.list()] == [(imageless, False)]


def test_a_dead_letter_ends_with_its_results(parts: Parts) -> None:
    job_id = failed(parts)
    keys = (store.record_key(job_id), store.results_key(job_id), f"{store.record_key(job_id)}:dead")
    assert [parts.client.ttl(key) for key in keys] == [300] * 3
    assert parts.client.zscore(store.EXPIRY, job_id) is None
    parts.results_expire(job_id)
    parts.reaper.run_once()
    assert figures(parts.client).dead == 0
