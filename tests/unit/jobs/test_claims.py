"""The ledger as workers have it: who works on a chunk, what is kept, what is given up."""

import time

import pytest

from jobs import store
from jobs.claims import MOST_TRIES
from jobs.figures import figures
from jobs.job import Chunk, Result, State
from tests.unit.jobs.parts import LEASE_S, Parts, a_job, good, member, named


def test_a_chunk_is_one_workers_until_his_lease_is_over(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    first, second = parts.published
    claim = parts.claimed(first, "a")
    assert (list(claim.missing), claim.open_chunks) == ([0, 1], 2)
    assert parts.job(made.id).state is State.RUNNING
    assert parts.claims.claim(first, "b") is None
    assert list(parts.claimed(second, "b").missing) == [2]
    parts.lease_is_over(first)
    assert list(parts.claimed(first, "b").missing) == [0, 1]
    assert parts.claims.claim(first, "a") is None


def test_a_message_that_is_delivered_again_finds_its_own_claim(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    parts.claimed(chunk, "a")
    assert list(parts.claimed(chunk, "a").missing) == [0, 1]


NOTHING_TO_DO = [Chunk("0" * 32, 0), Chunk("0" * 32, 7), Chunk("", 0)]


@pytest.mark.parametrize("chunk", NOTHING_TO_DO)
def test_a_message_about_what_is_not_there_is_nothing_to_do(parts: Parts, chunk: Chunk) -> None:
    assert parts.claims.claim(chunk, "a") is None
    assert parts.client.keys("*") == []


def test_a_chunk_that_a_job_does_not_have_is_nothing_to_do(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    assert parts.claims.claim(Chunk(made.id, 1), "a") is None


def test_each_result_renews_the_lease_and_brings_the_image_that_follows(parts: Parts) -> None:
    parts.ledger.submit(a_job(3))
    claim = parts.claimed(parts.published[0])
    parts.client.zincrby(store.CLAIMED, -LEASE_S / 2, member(claim.chunk))
    assert parts.claims.keep(claim, 0, good(0), following=1) == (2, b"image 1")
    now = time.time()  # the Redis is on this machine
    assert parts.client.zscore(store.CLAIMED, member(claim.chunk)) == pytest.approx(now + LEASE_S, abs=5)
    assert parts.claims.keep(claim, 1, good(1), following=None) == (0, None)
    assert parts.client.zscore(store.CLAIMED, member(claim.chunk)) is None


def test_the_first_result_of_an_image_is_kept_whoever_brings_it(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    chunk = parts.published[0]
    slow = parts.claimed(chunk, "slow")
    parts.lease_is_over(chunk)
    quick = parts.claimed(chunk, "quick")
    assert parts.claims.keep(slow, 0, good(0), None)[0]
    assert parts.claims.keep(quick, 0, Result(code="corrupt_image"), None)[0]
    assert parts.job(made.id).results == {0: good(0)}
    assert parts.claims.keep(quick, 1, good(1), None) == (0, None)
    assert parts.claims.keep(slow, 1, Result(code="corrupt_image"), None) == (0, None)
    assert parts.job(made.id).results == {0: good(0), 1: good(1)}
    assert figures(parts.client).images == 2


def test_one_whose_lease_is_over_does_not_renew_that_of_another(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    slow = parts.claimed(chunk, "slow")
    parts.lease_is_over(chunk)
    parts.claimed(chunk, "quick")
    parts.lease_is_over(chunk)
    parts.claims.keep(slow, 0, good(0), None)
    assert parts.claims.claim(chunk, "third")


def test_what_is_given_back_is_anothers_after_its_rest(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    parts.claims.give_back(parts.claimed(chunk), rest_s=5)
    assert (figures(parts.client).waiting, parts.reaper.run_once()) == (0, 0)
    parts.lease_is_over(chunk)
    assert parts.reaper.run_once() == 1
    assert named(parts.published) == named([chunk, chunk])
    assert figures(parts.client).retried == 0


def test_what_is_handed_on_waits_for_the_message_of_its_giver(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    again = parts.claims.hand_on(parts.claimed(chunk))
    assert again is not None
    assert float(again.sent) > float(chunk.sent)
    assert (figures(parts.client).waiting, parts.reaper.run_once()) == (1, 0)
    assert list(parts.claimed(chunk, "b").missing) == [0, 1]


def test_only_the_holder_can_give_back(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    slow = parts.claimed(chunk, "slow")
    parts.lease_is_over(chunk)
    parts.claimed(chunk, "quick")
    parts.claims.give_back(slow, rest_s=0)
    assert parts.claims.hand_on(slow) is None
    assert parts.claims.claim(chunk, "third") is None


def test_an_image_is_given_up_that_is_tried_in_vain_as_often_as_may_be(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    for attempt in range(MOST_TRIES):
        claim = parts.claimed(chunk, f"dies-{attempt}")
        assert list(claim.missing) == [0, 1]
        parts.lease_is_over(chunk)
    claim = parts.claimed(chunk, "lives")
    assert list(claim.missing) == [1]
    parts.claims.keep(claim, 1, good(1), None)
    job = parts.job(made.id)
    assert (job.state, job.results[0].code, job.results[1]) == (State.FAILED, "internal_error", good(1))
    assert figures(parts.client).given_up == 1
    assert parts.claims.keep(claim, 0, good(0), None) == (0, None)


def test_a_good_answer_that_comes_late_replaces_that_it_was_given_up(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    slow = parts.claimed(parts.published[0], "slow")
    parts.give_up(slow.chunk)
    assert parts.job(made.id).results[0].code == "internal_error"
    parts.claims.keep(slow, 0, good(0), None)
    assert parts.job(made.id).results[0] == good(0)
    parts.lease_is_over(slow.chunk)
    parts.work_off()
    assert parts.job(made.id).state is State.DONE
    assert figures(parts.client).image_bytes == 0


def test_a_result_in_between_makes_the_count_of_tries_begin_again(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    for attempt in range(MOST_TRIES):
        claim = parts.claimed(chunk, f"dies-{attempt}")
        parts.lease_is_over(chunk)
    parts.claims.keep(claim, 0, good(0), None)
    parts.lease_is_over(chunk)
    for attempt in range(MOST_TRIES - 1):  # and the one that brought the result
        assert list(parts.claimed(chunk, f"dies-again-{attempt}").missing) == [1]
        parts.lease_is_over(chunk)
    assert parts.claims.claim(chunk, "last") is None
    assert parts.job(made.id).results[1].code == "internal_error"


def test_what_was_no_try_is_not_counted(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    for attempt in range(2 * MOST_TRIES):
        claim = parts.claimed(chunk, str(attempt))
        assert parts.claims.hand_on(claim)
    assert list(parts.claimed(chunk, "last").missing) == [0, 1]


def test_a_job_expires_with_its_images_and_keeps_the_results_it_has(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    claim = parts.claimed(parts.published[0])
    parts.claims.keep(claim, 0, good(0), None)
    parts.images_expire(made.id)
    assert parts.claims.image(claim.chunk, 1) is None
    parts.claims.lost(claim, 1)
    job = parts.job(made.id)
    assert (job.state, job.results) == (State.EXPIRED, {0: good(0)})


def test_an_image_that_another_has_just_answered_for_makes_no_job_expire(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    slow = parts.claimed(parts.published[0], "slow")
    parts.lease_is_over(slow.chunk)
    quick = parts.claimed(slow.chunk, "quick")
    parts.claims.keep(slow, 0, good(0), None)
    assert parts.claims.image(quick.chunk, 0) is None
    parts.claims.lost(quick, 0)
    assert parts.job(made.id).state is State.RUNNING


def test_a_result_that_comes_when_its_image_has_expired_is_kept_all_the_same(parts: Parts) -> None:
    """The bytes that it frees are none: Lua's minus zero."""
    made = parts.ledger.submit(a_job(3))
    claim = parts.claimed(parts.published[0])
    parts.images_expire(made.id)
    assert parts.claims.keep(claim, 0, good(0), None)[0]
    assert parts.job(made.id).results == {0: good(0)}
    parts.reaper.run_once()
    assert parts.job(made.id).state is State.EXPIRED
    assert figures(parts.client).image_bytes == 0


def test_memory_is_free_again_image_by_image(parts: Parts) -> None:
    parts.ledger.submit(a_job(3))
    held = figures(parts.client).image_bytes
    claim = parts.claimed(parts.published[0])
    parts.claims.keep(claim, 0, good(0), None)
    assert figures(parts.client).image_bytes == held - len(b"image 0")
    assert parts.claims.image(claim.chunk, 0) is None
    parts.claims.keep(claim, 1, good(1), None)
    parts.work_off()
    assert figures(parts.client).image_bytes == 0


def test_claiming_and_keeping_cost_what_a_chunk_costs_however_many_images_the_job_has(parts: Parts) -> None:
    parts.ledger.submit(a_job(400))
    parts.claims.keep(parts.claimed(parts.published[0]), 0, good(0), None)  # loads the scripts
    parts.client.config_resetstat()
    parts.claims.keep(parts.claimed(parts.published[1]), 2, good(2), None)
    assert sum(each["calls"] for each in parts.client.info("commandstats").values()) < 60


def test_a_redis_that_is_full_lets_workers_go_on_and_so_is_full_no_more(parts: Parts) -> None:
    parts.ledger.submit(a_job(1))
    parts.work_off()  # loads the scripts
    made = parts.ledger.submit(a_job(2))
    try:
        parts.client.config_set("maxmemory", 1)
        parts.work_off()
    finally:
        parts.client.config_set("maxmemory", 0)
    assert parts.job(made.id).state is State.DONE


def test_beside_a_bad_upload_an_image_has_as_many_tries_as_any(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(2, bad={0: Result(code="upload_too_large")}))
    (chunk,) = parts.published
    for attempt in range(MOST_TRIES):
        assert list(parts.claimed(chunk, f"dies-{attempt}").missing) == [1]
        parts.lease_is_over(chunk)
    assert parts.claims.claim(chunk, "last") is None
    assert parts.job(made.id).results[1].code == "internal_error"
