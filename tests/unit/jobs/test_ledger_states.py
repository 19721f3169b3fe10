"""Whatever happens to jobs, in whatever order: each ends once, with every result it was to have."""

from collections.abc import Iterator
from typing import cast

import pytest
import redis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from jobs import store
from jobs.claims import Claim
from jobs.errors import IdempotencyConflict, UnknownJob
from jobs.job import Chunk, Result, State
from tests.redis_server import RedisServer
from tests.unit.jobs.ledger_model import LedgerModel, Seen
from tests.unit.jobs.parts import Parts, a_job, members
from tests.unit.jobs.stammering import StammeringClient

BOUNDED = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck), stateful_step_count=40)
RARELY = st.sampled_from((False, True))
MOST_JOBS = 3  # so that much happens to each
_PASSES = 5  # of the reaper, after which all must have ended


class Ledgers(RuleBasedStateMachine):
    """Messages are delivered in any order, once, twice or never; workers die, come back late, and answer twice.

    *client* may be a bad one; with *mended* all ends well.
    """

    accepted = Bundle("accepted")
    claims = Bundle("claims")

    def __init__(self, client: redis.Redis, mended: redis.Redis) -> None:
        super().__init__()
        mended.flushall()
        self.mended = Parts(mended)
        self.parts = Parts(client)
        self.model = LedgerModel(mended)
        self.keys: dict[str, tuple[str, tuple[str, ...], frozenset[int]]] = {}
        self.answers = 0

    @precondition(lambda self: len(self.model.jobs) < MOST_JOBS)
    @rule(target=accepted, images=st.integers(1, 5), bad=st.sets(st.integers(0, 4)), key=st.sampled_from(["", "k"]))
    def submit(self, images: int, bad: set[int], key: str) -> str:
        errors = {index: Result(code="corrupt_image") for index in bad if index < images}
        new = a_job(images, bad=errors, key=key)
        what = (new.files, frozenset(errors))
        known = self.keys.get(key)
        if known and known[1:] != what:
            with pytest.raises(IdempotencyConflict):
                self.parts.ledger.submit(new)
            return known[0]
        made = self.parts.ledger.submit(new)
        assert made.is_new is (known is None)
        if known:
            assert made.id == known[0]
            return made.id
        if key:
            self.keys[key] = (made.id, *what)
        self.model.jobs[made.id] = Seen(images)
        return made.id

    @precondition(lambda self: self.parts.published)
    @rule(target=claims, data=st.data(), holder=st.sampled_from("abc"), is_last_time=st.booleans())
    def deliver(self, data: st.DataObject, holder: str, is_last_time: bool) -> object:
        place = data.draw(st.integers(0, len(self.parts.published) - 1))
        chunk = self.parts.published.pop(place) if is_last_time else self.parts.published[place]
        claim = self.parts.claims.claim(chunk, holder)
        return multiple() if claim is None else claim

    @precondition(lambda self: self.parts.published)
    @rule(data=st.data())
    def lose_a_message(self, data: st.DataObject) -> None:
        self.parts.published.pop(data.draw(st.integers(0, len(self.parts.published) - 1)))

    @rule(claim=claims, place=st.integers(0, 1), is_fine=st.booleans())
    def answer(self, claim: Claim, place: int, is_fine: bool) -> None:
        index = claim.missing[place % len(claim.missing)]
        if self.parts.claims.image(claim.chunk, index) is None:
            self.parts.claims.lost(claim, index)
            return
        self.keep(claim, index, is_fine=is_fine)

    @rule(claim=claims)
    def answer_late(self, claim: Claim) -> None:
        """With an image at hand that Redis may have dropped since."""
        self.keep(claim, claim.missing[0], is_fine=True)

    def keep(self, claim: Claim, index: int, *, is_fine: bool) -> None:
        self.answers += 1  # no two answers are the same
        fine = Result({"of": index, "answer": self.answers})
        self.parts.claims.keep(claim, index, fine if is_fine else Result(code="corrupt_image"), None)

    @rule(claim=consumes(claims))
    def give_back(self, claim: Claim) -> None:
        self.parts.claims.give_back(claim, rest_s=5)

    @rule(claim=consumes(claims))
    def hand_on(self, claim: Claim) -> None:
        if again := self.parts.claims.hand_on(claim):
            self.parts.published.append(again)

    @rule(claim=claims)
    def lease_is_over(self, claim: Claim) -> None:
        self.parts.lease_is_over(claim.chunk)

    @rule(job_id=accepted, number=st.integers(0, 2))
    def message_is_late(self, job_id: str, number: int) -> None:
        self.parts.message_is_late(Chunk(job_id, number))

    @rule(job_id=accepted, is_deadly=st.booleans())
    def workers_end_it(self, job_id: str, is_deadly: bool) -> None:
        """*is_deadly*: its first image that is left is given up."""
        for number in range(3):
            chunk = Chunk(job_id, number)
            if is_deadly:
                self.parts.give_up(chunk)
            self.parts.lease_is_over(chunk)
            self.parts.work_off_one(chunk)

    @rule()
    def reap(self) -> None:
        self.parts.reaper.run_once()

    @rule(job_id=accepted, is_wanted=RARELY)
    def cancel(self, job_id: str, is_wanted: bool) -> None:
        if not is_wanted:
            return
        assert self.parts.ledger.cancel(job_id, "").state.is_final

    @rule(job_id=accepted, is_time=RARELY)
    def images_expire(self, job_id: str, is_time: bool) -> None:
        if is_time:
            self.parts.images_expire(job_id)
            self.model.jobs[job_id].may_expire = True

    @rule(job_id=accepted)
    def retry(self, job_id: str) -> None:
        can_be = self.parts.job(job_id).state is State.FAILED and self.parts.client.exists(store.images_key(job_id))
        if not can_be:
            with pytest.raises(UnknownJob):
                self.parts.letters.retry(job_id)
            return
        assert self.parts.letters.retry(job_id)
        self.model.retried(job_id)

    @invariant()
    def everything_agrees(self) -> None:
        self.model.check()

    def teardown(self) -> None:
        """Mend everything: what was accepted ends, with a result for each image."""
        for _ in range(_PASSES):
            self.let_time_pass()
            self.mended.reaper.run_once()
            self.mended.work_off()
            self.model.check()
        assert all(seen.state.is_final for seen in self.model.jobs.values())
        for key in (store.WAITING, store.CLAIMED, store.EXPIRY):
            assert not self.mended.client.exists(key)

    def let_time_pass(self) -> None:
        for key in (store.WAITING, store.CLAIMED):
            for each in members(self.mended.client, key):
                chunk = Chunk.of(each.encode())
                self.mended.message_is_late(chunk)
                self.mended.lease_is_over(chunk)


@pytest.fixture(params=[redis.Redis, StammeringClient], ids=["sent once", "sent twice"])
def any_client(request: pytest.FixtureRequest, jobs_redis: RedisServer) -> Iterator[redis.Redis]:
    with request.param.from_url(jobs_redis.url) as client:
        yield client


def drive(any_client: redis.Redis, client: redis.Redis, examples: settings) -> None:
    factory = cast("type[Ledgers]", lambda: Ledgers(any_client, client))  # Hypothesis takes any callable
    run_state_machine_as_test(factory, settings=examples)


def test_no_order_of_events_loses_a_job(any_client: redis.Redis, client: redis.Redis) -> None:
    examples = settings(BOUNDED, max_examples=40, derandomize=True)
    drive(any_client, client, examples)


@pytest.mark.slow
def test_no_order_of_events_of_thousands_loses_a_job(any_client: redis.Redis, client: redis.Redis) -> None:
    examples = settings(BOUNDED, max_examples=1000)
    drive(any_client, client, examples)
