"""The ledger as callers of the service use it: a job is made, looked at, cancelled.

Redis is told all of a job in one transaction, and only then is its caller. From there on it is the ledger that knows
what has to be done; Celery's messages only say that there is something to do (ADR 13).
"""

import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import redis

from jobs import measures, store
from jobs.errors import IdempotencyConflict, JobForgotten, StoreFull, UnknownJob
from jobs.job import ID_DIGITS, Chunk, Job, Made, NewJob, State
from jobs.patience import Patience
from jobs.room import Room
from jobs.wire import pack_asked, pack_result, unpack_result

CHUNK = 16  # images: half a second of ResNet50 in int8, a hundredth of which is Celery's for the message
_MANY = 100  # jobs that expire at a time

Publish = Callable[[Iterable[Chunk]], None]


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long and how much: *max_bytes* of images in all unfinished jobs."""

    max_bytes: int
    image_ttl_s: int
    result_ttl_s: int


class Ledger:
    """*client* may be shared by threads. *publish* tells the workers; where it can't, the reaper will."""

    def __init__(self, client: redis.Redis, keeping: Keeping, publish: Publish, chunk_images: int = CHUNK) -> None:
        self._client = client
        self._keeping = keeping
        self._publish = publish
        self._chunk_images = chunk_images
        self._patience = Patience()
        self._room = Room(client, keeping.max_bytes)
        self._end = store.script(client, "end")
        self._expire = store.script(client, "expire")

    def submit(self, new: NewJob) -> Made:
        """Keep a job, then tell the workers.  Raises: StoreFull; StoreUnreachable; IdempotencyConflict."""
        job_id = secrets.token_hex(ID_DIGITS // 2)
        with self._patience.reached():
            if known := self._known(new):
                return Made(self.job(known, new.owner), is_new=False, is_durable=self._room.is_durable())
            is_durable = self._has_room(measures.size(new))
            outcome, found, *sent = self._written(job_id, new)
            if outcome == b"accepted":
                return Made(self._begun(job_id, new, sent[0]), is_new=True, is_durable=is_durable)
            self._client.unlink(store.images_key(job_id))
            if outcome == b"full":
                self._room.refuse_above(int(found) + measures.size(new))
        if outcome == b"conflict":
            raise IdempotencyConflict
        return Made(self.job(found.decode(), new.owner), is_new=False, is_durable=is_durable)

    def job(self, job_id: str, owner: str) -> Job:
        """Return a job as it stands.  Raises: UnknownJob; JobForgotten; StoreUnreachable."""
        with self._patience.reached():
            record, results, former_owner = self._read(job_id)
            if record.get(b"owner", former_owner) != owner.encode():
                raise UnknownJob
            if not record:
                raise JobForgotten
        return Job(
            id=job_id,
            state=State(record[b"state"].decode()),
            files=tuple(json.loads(record[b"files"])),
            results={int(index): unpack_result(text) for index, text in sorted(results.items(), key=_index)},
            request_id=record[b"request_id"].decode(),
            created=float(record[b"created"]),
            expires=float(record[b"expires"]),
        )

    def cancel(self, job_id: str, owner: str) -> Job:
        """End a job that has not ended; return it as it stands then.  Raises: as `job`."""
        if not self.job(job_id, owner).state.is_final:
            with self._patience.reached():
                self._end(args=[job_id, State.CANCELLED])
        return self.job(job_id, owner)

    def _known(self, new: NewJob) -> str:
        """Return the job that this Idempotency-Key has made, where there is one; nothing is written for it."""
        told = cast("bytes | None", self._client.get(measures.idempotency_key(new))) if new.idempotency_key else None
        job_id, _, digest = (told or b"").decode().partition(" ")
        if not job_id or not self._client.exists(store.record_key(job_id)):
            return ""
        if digest != measures.digest(new):
            raise IdempotencyConflict
        return job_id

    def _begun(self, job_id: str, new: NewJob, sent: bytes) -> Job:
        """Tell the workers of a job that was accepted; return it, without another way to Redis that could fail."""
        created = float(sent)
        if len(new.results) == len(new.files):  # nothing of it can be worked on
            state, kept_s = State.DONE, self._keeping.result_ttl_s
        else:
            state, kept_s = State.QUEUED, self._keeping.image_ttl_s
            chunks = range(-(-len(new.files) // self._chunk_images))
            self._publish(Chunk(job_id, number, sent.decode()) for number in chunks)
        return Job(job_id, state, new.files, new.results, new.request_id, created, created + kept_s)

    def _read(self, job_id: str) -> tuple[dict[bytes, bytes], dict[bytes, bytes], bytes | None]:
        """Return record, results and tombstone. One that should have expired does so now: maybe no reaper runs."""
        while True:
            # No transaction: a Redis that is full refuses those, also where they only read.
            with self._client.pipeline(transaction=False) as pipe:
                pipe.hgetall(store.record_key(job_id))
                pipe.hgetall(store.results_key(job_id))
                pipe.get(store.tombstone_key(job_id))
                pipe.time()
                record, results, former_owner, (now, _) = pipe.execute()
            is_open = bool(record) and not State(record[b"state"].decode()).is_final
            if not is_open or float(record[b"expires"]) > now:
                return record, results, former_owner
            self._end(args=[job_id, State.EXPIRED])

    def _has_room(self, size: int) -> bool:
        """Return whether a job of so many bytes will be durable.  Raises: StoreFull."""
        try:
            return self._room.check(size)
        except StoreFull:
            self._expire(args=[_MANY])  # what no reaper has ended, for none runs
            return self._room.check(size)

    def _written(self, job_id: str, new: NewJob) -> list[bytes]:
        """Write it all, in one transaction; return what submit.lua tells."""
        keeping = self._keeping
        limits = (keeping.max_bytes, keeping.image_ttl_s, keeping.result_ttl_s)
        written: list[str | int] = [
            each for index, result in new.results.items() for each in (index, pack_result(result))
        ]
        who = (job_id, new.owner, measures.digest(new), measures.idempotency_key(new))
        about = (pack_asked(new.asked), json.dumps(new.files), len(new.files), self._chunk_images, measures.size(new))
        with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(store.images_key(job_id), mapping=dict(enumerate(new.images)))
            pipe.expire(store.images_key(job_id), keeping.image_ttl_s)
            pipe.eval(store.text("submit"), 0, *who, *about, *limits, new.request_id, *written)
            told: list[bytes] = pipe.execute()[2]
        return told


def _index(item: tuple[bytes, bytes]) -> int:
    return int(item[0])
