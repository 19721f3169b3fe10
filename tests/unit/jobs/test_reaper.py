"""The reaper finds what was lost, and leaves alone what is only slow."""

import logging

import pytest

from jobs import store
from jobs.figures import figures
from jobs.job import Chunk, State
from jobs.reaper import Reaper
from jobs.store import Persistence, connect
from tests.unit.jobs.parts import Parts, a_job, good, member, named


def test_there_is_nothing_to_do_while_all_is_well(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    parts.claimed(parts.published[0])
    assert parts.reaper.run_once() == 0


def test_a_chunk_whose_worker_is_silent_is_sent_again(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    first, _ = parts.published
    parts.claimed(first)
    parts.lease_is_over(first)
    assert parts.reaper.run_once() == 1
    assert named(parts.published[2:]) == named([first])
    assert figures(parts.client).retried == 1
    assert parts.reaper.run_once() == 0  # the next message may take its time
    assert parts.claims.claim(first, "b")


def test_a_message_is_lost_when_none_is_on_its_way(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    first, _ = parts.published
    parts.message_is_late(first)
    assert parts.reaper.run_once() == 1
    assert named(parts.published[2:]) == named([first])
    assert figures(parts.client).retried == 0
    assert parts.reaper.run_once() == 0


def test_a_long_queue_is_no_loss(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    parts.client.rpush(store.QUEUE_KEY, "a message")
    for chunk in parts.published:
        parts.message_is_late(chunk)
    assert parts.reaper.run_once() == 0


def test_a_message_is_lost_when_one_has_arrived_that_was_sent_later(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    first, second = parts.published
    parts.client.rpush(store.QUEUE_KEY, "a message")
    parts.message_is_late(first)
    parts.claimed(second)
    assert parts.reaper.run_once() == 1
    assert named(parts.published[2:]) == named([first])


def test_a_job_expires_that_nobody_works_on(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    other = parts.ledger.submit(a_job(3))
    parts.images_expire(made.id)
    parts.reaper.run_once()
    assert (parts.job(made.id).state, parts.job(other.id).state) == (State.EXPIRED, State.QUEUED)
    assert figures(parts.client).jobs[State.EXPIRED] == 1
    assert figures(parts.client).waiting == 2


def test_a_job_expires_that_somebody_works_on(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(3))
    claim = parts.claimed(parts.published[0])
    parts.images_expire(made.id)
    parts.reaper.run_once()
    assert parts.job(made.id).state is State.EXPIRED
    assert parts.claims.keep(claim, 0, good(0), None) == (0, None)


def test_what_is_left_of_a_job_without_a_record_is_cleared_away(parts: Parts) -> None:
    gone = Chunk("f" * 32, 0)
    parts.client.zadd(store.CLAIMED, {member(gone): 1})
    parts.client.zadd(store.WAITING, {member(Chunk("f" * 32, 1)): 1})
    parts.client.zadd(store.EXPIRY, {gone.id: 1})
    parts.client.zadd(store.DEAD, {gone.id: 1})
    parts.reaper.run_once()
    assert [parts.client.exists(key) for key in (store.CLAIMED, store.WAITING, store.EXPIRY, store.DEAD)] == [0] * 4
    assert [int(count) for count in parts.client.hvals(store.COUNTS)] == []


def test_what_it_found_and_could_not_send_is_found_again(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    parts.claimed(chunk)
    parts.lease_is_over(chunk)
    assert Reaper(parts.client, lambda _: None).run_once() == 1  # one that is killed in between
    parts.message_is_late(chunk)
    assert parts.reaper.run_once() == 1


def test_many_are_found_pass_by_pass(parts: Parts) -> None:
    made = parts.ledger.submit(a_job(500))
    for chunk in parts.published:
        parts.message_is_late(chunk)
    parts.published.clear()
    found = [parts.reaper.run_once() for _ in range(3)]
    assert (found, len(set(parts.published))) == ([200, 50, 0], 250)
    parts.work_off()
    assert parts.job(made.id).state is State.DONE


def test_where_redis_is_away_it_says_so_and_comes_again(caplog: pytest.LogCaptureFixture) -> None:
    with connect("redis://127.0.0.1:1/0", Persistence(1.0, 0)) as nowhere, caplog.at_level(logging.ERROR):
        assert Reaper(nowhere, lambda _: None).run_once() == 0
    assert "can't reach Redis" in caplog.text


def test_an_old_message_that_comes_back_makes_nobody_think_that_others_were_lost(parts: Parts) -> None:
    """kombu puts what a dead worker had in front, after two minutes: its chunk was sent again long before."""
    parts.ledger.submit(a_job(6))
    long_ago = str(float(parts.published[0].sent) - 30)
    old, *others = [chunk._replace(sent=long_ago) for chunk in parts.published]
    for chunk in others:
        parts.client.zadd(store.WAITING, {member(chunk): long_ago})
    parts.claimed(old, "dies")
    parts.lease_is_over(old)
    parts.client.rpush(store.QUEUE_KEY, "messages are on their way")
    assert parts.reaper.run_once() == 1
    parts.claimed(old, "gets the old message")
    assert parts.reaper.run_once() == 0
    parts.claims.claim(parts.published[-1], "gets the new one")
    assert parts.reaper.run_once() == len(others)


def test_a_clock_that_was_set_back_makes_nothing_lost(parts: Parts) -> None:
    parts.ledger.submit(a_job(4))
    first, other = parts.published
    parts.client.set(f"{store.PREFIX}jobs:latest", "99999999999")
    parts.claimed(first._replace(sent="99999999999"))
    parts.client.zadd(store.WAITING, {member(other): float(other.sent) - 30})
    parts.client.rpush(store.QUEUE_KEY, "messages are on their way")
    assert parts.reaper.run_once() == 0
    assert parts.reaper.run_once() == 0


def test_a_message_from_the_future_tells_nothing_of_others(parts: Parts) -> None:
    """The clock was set back while it was on its way."""
    parts.ledger.submit(a_job(2))
    (chunk,) = parts.published
    parts.claimed(chunk._replace(sent="99999999999"))
    assert parts.client.get(f"{store.PREFIX}jobs:latest") is None
