"""What crosses the borders of the ledger: a job as it is made, as it stands, and the chunks it is worked off in."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from preprocessing.spec import Resize

ID_DIGITS = 32  # 128 random bits, hexadecimal
ID_SHOWN = 8  # digits of a job's id in the log: without credentials the whole id is one


class State(StrEnum):
    """Of a job. The last four are final: each job ends in exactly one of them."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"  # some images were given up: dead letters
    CANCELLED = "cancelled"
    EXPIRED = "expired"

    @property
    def is_final(self) -> bool:
        """Say whether nothing more happens to it."""
        return self not in (State.QUEUED, State.RUNNING)


class Asked(NamedTuple):
    """A question by the names of its models, which another process will look up."""

    models: tuple[str, ...]
    is_compared: bool
    top: int
    resize: Resize


class Result(NamedTuple):
    """Of one image: the contract's *reply*, or the *code* and *detail* of why there is none."""

    reply: dict[str, Any] | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class NewJob:
    """*images*: as uploaded, under *files*, the names that their sender gave them; empty where *results* has an error.

    *owner*: the caller's principal, or empty. *idempotency_key*: empty for none.
    """

    owner: str
    asked: Asked
    files: tuple[str, ...]
    images: Sequence[bytes]
    results: dict[int, Result]
    request_id: str
    idempotency_key: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """As it stands. *created*, *expires*: seconds since the epoch, by the clock of Redis.

    *expires*: when its images are dropped and, once it has ended, its results. *results*: by index, as far as it is.
    """

    id: str
    state: State
    files: tuple[str, ...]
    results: dict[int, Result]
    request_id: str
    created: float
    expires: float


class Made(NamedTuple):
    """What was accepted. *is_new*: false where the Idempotency-Key named it before. *is_durable*: it survives Redis."""

    job: Job
    is_new: bool
    is_durable: bool

    @property
    def id(self) -> str:
        """Return the job's."""
        return self.job.id


class Chunk(NamedTuple):
    """Some neighbouring images of a job: what one message stands for, and one worker holds at a time.

    *sent*: the message's stamp, by the clock of Redis; by default it tells nothing of others.
    """

    id: str
    number: int
    sent: str = "0"

    @classmethod
    def of(cls, member: bytes, sent: bytes = b"0") -> "Chunk":
        """Read the ledger's own name of it."""
        job_id, _, number = member.decode().rpartition(":")
        return cls(job_id, int(number), sent.decode())
