"""What must be true of the ledger at every moment, read from Redis as it is."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import redis

from jobs import store
from jobs.job import Chunk, State
from tests.unit.jobs.parts import member, members

_CHUNK = 2


@dataclass
class Seen:
    """One job, as it was when it was last looked at. *may_expire*: its images were dropped."""

    images: int
    state: State = State.QUEUED
    results: dict[int, bytes] = field(default_factory=dict)
    may_expire: bool = False


def _of_workers(results: dict[int, bytes]) -> set[tuple[int, bytes]]:
    """Those that are no dead letter: an answer may come after all."""
    return {each for each in results.items() if b"internal_error" not in each[1]}


@dataclass
class LedgerModel:
    """*jobs*: every job that was accepted. *ended*: how many ever, by state."""

    client: redis.Redis
    jobs: dict[str, Seen] = field(default_factory=dict)
    ended: Counter[State] = field(default_factory=Counter)

    def retried(self, job_id: str) -> None:
        """Take note that a failed job is open again: results that were given up are gone."""
        seen = self.jobs[job_id]
        seen.state = State.QUEUED
        seen.results = {index: text for index, text in seen.results.items() if b"internal_error" not in text}

    def check(self) -> None:
        """Compare Redis with itself, and with what was seen before."""
        held_bytes, with_work, open_jobs = 0, set[str](), set[str]()
        for job_id, seen in self.jobs.items():
            record = self._look(job_id, seen)
            if seen.state.is_final:
                assert record[b"bytes"] == b"0"
                continue
            open_jobs.add(job_id)
            held_bytes += int(record[b"bytes"])
            assert int(record[b"bytes"]) > 0
            with_work |= {
                member(Chunk(job_id, index // _CHUNK)) for index in range(seen.images) if index not in seen.results
            }
        self._check_sets(with_work, open_jobs)
        self._check_counts(held_bytes)

    def _look(self, job_id: str, seen: Seen) -> dict[bytes, bytes]:
        with self.client.pipeline(transaction=True) as pipe:
            pipe.hgetall(store.record_key(job_id))
            pipe.hgetall(store.results_key(job_id))
            pipe.exists(store.images_key(job_id))
            record, found, has_images = pipe.execute()
        state, results = State(record[b"state"].decode()), {int(index): text for index, text in found.items()}
        assert not seen.state.is_final or state is seen.state, "a final state never changes"
        assert _of_workers(seen.results) <= results.items(), "the first result of an image is never replaced"
        assert not seen.state.is_final or seen.results == results, "nothing is added to a job that has ended"
        if state.is_final and not seen.state.is_final:
            self.ended[state] += 1
        seen.state, seen.results = state, results
        assert seen.may_expire or state is not State.EXPIRED
        assert int(record[b"done"]) == len(results)
        assert all(json.loads(text).get("reply", {"of": index})["of"] == index for index, text in results.items())
        for number in range(int(record[b"chunks"])):
            indices = range(number * _CHUNK, min((number + 1) * _CHUNK, seen.images))
            assert int(record[b"left:%d" % number]) == len(set(indices) - set(results))
        assert (len(results) == seen.images) or state not in (State.DONE, State.FAILED)
        is_given_up = any(b"internal_error" in text for text in results.values())
        assert is_given_up is (state is State.FAILED) or state not in (State.DONE, State.FAILED)
        assert not has_images or state not in (State.DONE, State.CANCELLED, State.EXPIRED)
        return dict(record)

    def _check_sets(self, with_work: set[str], open_jobs: set[str]) -> None:
        waiting, claimed, expiry, dead = (
            members(self.client, key) for key in (store.WAITING, store.CLAIMED, store.EXPIRY, store.DEAD)
        )
        assert not waiting & claimed
        assert waiting | claimed == with_work, "a chunk with images left is waited for or worked on"
        assert expiry == open_jobs
        assert dead == {job_id for job_id, seen in self.jobs.items() if seen.state is State.FAILED}

    def _check_counts(self, held_bytes: int) -> None:
        told = {name.decode(): int(count) for name, count in self._counts()}
        assert told.get("bytes", 0) == held_bytes
        assert told.get("submitted", 0) == len(self.jobs)
        now = Counter(seen.state for seen in self.jobs.values())
        for state in State:
            assert told.get(state.value, 0) == (self.ended if state.is_final else now)[state], state

    def _counts(self) -> Iterable[tuple[bytes, bytes]]:
        return cast("dict[bytes, bytes]", self.client.hgetall(store.COUNTS)).items()
