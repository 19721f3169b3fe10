"""The parts of the ledger around one Redis. Messages go to a list, and time passes when a test says so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import redis

from jobs import store
from jobs.claims import Claim, Claims
from jobs.dead_letters import DeadLetters
from jobs.job import Asked, Chunk, Job, NewJob, Result
from jobs.ledger import Keeping, Ledger
from jobs.reaper import Reaper
from preprocessing.spec import Resize

ASKED = Asked(("resnet50",), is_compared=False, top=3, resize=Resize.CROP)
LEASE_S = 20.0
KEEPING = Keeping(max_bytes=1_000_000, image_ttl_s=600, result_ttl_s=300)
_LONG_AGO = 1.0  # in seconds since the epoch


def good(index: int) -> Result:
    return Result({"of": index})


def a_job(images: int = 3, *, bad: dict[int, Result] | None = None, owner: str = "", key: str = "") -> NewJob:
    bad = bad or {}
    return NewJob(
        owner=owner,
        asked=ASKED,
        files=tuple(f"{index}.png" for index in range(images)),
        images=[b"" if index in bad else f"image {index}".encode() for index in range(images)],
        results=bad,
        request_id="of-a-test",
        idempotency_key=key,
    )


@dataclass
class Parts:
    """Chunks of two images; *published*: the messages."""

    client: redis.Redis
    keeping: Keeping = KEEPING
    published: list[Chunk] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.client, self.keeping, self.published.extend, chunk_images=2)
        self.claims = Claims(self.client, LEASE_S)
        self.reaper = Reaper(self.client, self.published.extend)
        self.letters = DeadLetters(self.client, self.keeping.image_ttl_s, self.published.extend)

    def job(self, job_id: str) -> Job:
        return self.ledger.job(job_id, "")

    def claimed(self, chunk: Chunk, holder: str = "a") -> Claim:
        claim = self.claims.claim(chunk, holder)
        assert claim is not None
        return claim

    def work_off(self) -> None:
        """Do what the messages say, as a faithful worker."""
        while self.published:
            self.work_off_one(self.published.pop(0))

    def work_off_one(self, chunk: Chunk) -> None:
        if claim := self.claims.claim(chunk, "faithful"):
            for index in claim.missing:
                if self.claims.image(claim.chunk, index) is None:
                    self.claims.lost(claim, index)
                    break
                self.claims.keep(claim, index, good(index), None)

    def lease_is_over(self, chunk: Chunk) -> None:
        """Let the time pass that its holder has, or that it rests."""
        self.client.zadd(store.CLAIMED, {member(chunk): _LONG_AGO}, xx=True)

    def message_is_late(self, chunk: Chunk) -> None:
        """Let the time pass that its message may take."""
        self.client.zadd(store.WAITING, {member(chunk): _LONG_AGO}, xx=True)

    def images_expire(self, job_id: str) -> None:
        """Let the time pass that images are kept."""
        self.client.unlink(store.images_key(job_id))
        self.client.zadd(store.EXPIRY, {job_id: _LONG_AGO}, xx=True)

    def results_expire(self, job_id: str) -> None:
        """Let the time pass that the results of an ended job are kept."""
        dead = store.dead_images_key(job_id)
        self.client.unlink(store.record_key(job_id), store.results_key(job_id), dead)

    def give_up(self, chunk: Chunk) -> None:
        """Claim it as often as workers may die over it, and once more."""
        for attempt in range(4):
            self.claims.claim(chunk, f"dies-{attempt}")
            self.lease_is_over(chunk)


def members(client: redis.Redis, key: str) -> set[str]:
    """What is in a sorted set."""
    return {each.decode() for each in cast("list[bytes]", client.zrange(key, 0, -1))}


def member(chunk: Chunk) -> str:
    return f"{chunk.id}:{chunk.number}"


def named(chunks: Iterable[Chunk]) -> list[str]:
    """The names of chunks, whenever their messages were sent."""
    return [member(chunk) for chunk in chunks]
