"""What must be true of the ledger at every moment, read from Redis as it is."""

import json
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

import redis

from jobs import store
from jobs.job import Chunk, State
from tests.unit.jobs.parts import member

_CHUNK = 2


@dataclass
class Seen:
    """One job, as it was when it was last looked at. *may_expire*: its images were dropped."""

    images: int
    state: State = State.QUEUED
    results: dict[int, bytes] = field(default_factory=dict)
    may_expire: bool = False


class _Found(NamedTuple):
    """A job in Redis."""

    record: dict[bytes, bytes]
    results: dict[bytes, bytes]
    has_images: int


class _Now(NamedTuple):
    """All of it. *sets*: who is waiting, claimed, to expire, and dead."""

    jobs: list[_Found]
    sets: tuple[set[str], ...]
    counts: dict[bytes, bytes]


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
        """Compare Redis, as it is at one moment, with itself, and with what was seen before."""
        held_bytes, with_work, open_jobs = 0, set[str](), set[str]()
        now = self._now()
        for (job_id, seen), found in zip(self.jobs.items(), now.jobs, strict=True):
            self._look(found, seen)
            if seen.state.is_final:
                assert found.record[b"bytes"] == b"0"
                continue
            open_jobs.add(job_id)
            held_bytes += int(found.record[b"bytes"])
            assert int(found.record[b"bytes"]) > 0
            with_work |= {
                member(Chunk(job_id, index // _CHUNK)) for index in range(seen.images) if index not in seen.results
            }
        self._check_sets(now.sets, with_work, open_jobs)
        self._check_counts(now.counts, held_bytes)

    def _now(self) -> _Now:
        with self.client.pipeline(transaction=True) as pipe:
            for job_id in self.jobs:
                pipe.hgetall(store.record_key(job_id))
                pipe.hgetall(store.results_key(job_id))
                pipe.exists(store.images_key(job_id))
            for key in (store.WAITING, store.CLAIMED, store.EXPIRY, store.DEAD):
                pipe.zrange(key, 0, -1)
            pipe.hgetall(store.COUNTS)
            *found, waiting, claimed, expiry, dead, counts = pipe.execute()
        sets = tuple({each.decode() for each in members} for members in (waiting, claimed, expiry, dead))
        return _Now([_Found(*found[at : at + 3]) for at in range(0, len(found), 3)], sets, counts)

    def _look(self, found: _Found, seen: Seen) -> None:
        record, has_images = found.record, found.has_images
        state = State(record[b"state"].decode())
        results = {int(index): text for index, text in found.results.items()}
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

    def _check_sets(self, sets: tuple[set[str], ...], with_work: set[str], open_jobs: set[str]) -> None:
        waiting, claimed, expiry, dead = sets
        assert not waiting & claimed
        assert waiting | claimed == with_work, "a chunk with images left is waited for or worked on"
        assert expiry == open_jobs
        assert dead == {job_id for job_id, seen in self.jobs.items() if seen.state is State.FAILED}

    def _check_counts(self, counts: dict[bytes, bytes], held_bytes: int) -> None:
        told = {name.decode(): int(count) for name, count in counts.items()}
        assert told.get("bytes", 0) == held_bytes
        assert told.get("submitted", 0) == len(self.jobs)
        now = Counter(seen.state for seen in self.jobs.values())
        for state in State:
            assert told.get(state.value, 0) == (self.ended if state.is_final else now)[state], state
