"""The Redis behind the jobs: how it is asked, and what its failures are called."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import NamedTuple

import redis
from redis.backoff import ExponentialBackoff
from redis.commands.core import Script
from redis.retry import Retry

from jobs.errors import StoreUnreachable

PREFIX = "triptych:"
QUEUE = "chunks"
QUEUE_KEY = PREFIX + QUEUE  # of the list that Celery's messages are in
COUNTS, CLAIMED, WAITING, EXPIRY, DEAD, PACE = (
    f"{PREFIX}jobs:{name}" for name in ("counts", "claimed", "waiting", "expiry", "dead", "pace")
)
_CONNECT_S = 2.0
_LONGEST_PAUSE_S = 1.0
# What workers, the reaper and callers do to jobs frees memory; Redis 7 lets a script say so.
_EVEN_WHEN_FULL = "#!lua flags=allow-oom\n"
_TAKING_MEMORY = ("submit", "retry")
_FOLDER = Path(__file__).parent / "lua"


class Persistence(NamedTuple):
    """*timeout_s*: for each answer. *retries*: how often it asks again where a connection breaks, with pauses of up to
    a second; and, where *is_patient*, where no answer comes.
    """

    timeout_s: float
    retries: int
    is_patient: bool = False


def connect(url: str, persistence: Persistence) -> redis.Redis:
    """Return a client, which connects when it is first used. Every script of ours may be sent again."""
    broken = (redis.ConnectionError, redis.TimeoutError) if persistence.is_patient else (redis.ConnectionError,)
    return redis.Redis.from_url(
        url,
        socket_timeout=persistence.timeout_s,
        socket_connect_timeout=min(_CONNECT_S, persistence.timeout_s),
        socket_keepalive=True,
        retry=Retry(ExponentialBackoff(cap=_LONGEST_PAUSE_S, base=0.02), persistence.retries, broken),
    )


def script(client: redis.Redis, name: str) -> Script:
    """Return the script of that name, which is sent by its hash. For a pipeline take `text`.

    In a transaction a hash that Redis has forgotten, for it was started again, fails alone: what stands beside it is
    done.
    """
    return client.register_script(text(name))


@cache
def text(name: str) -> str:
    """Return the whole text of a script."""
    parts = ("prelude", name)
    whole = "".join((_FOLDER / f"{part}.lua").read_text(encoding="ascii") for part in parts)
    return whole if name in _TAKING_MEMORY else _EVEN_WHEN_FULL + whole


@contextmanager
def reached() -> Iterator[None]:
    """Raises: StoreUnreachable, for whatever Redis could not do."""
    try:
        yield
    except redis.RedisError as error:
        raise StoreUnreachable from error


def record_key(job_id: str) -> str:
    """Return the name of a job's hash; prelude.lua has the same names."""
    return f"{PREFIX}job:{job_id}"


def images_key(job_id: str) -> str:
    """Return the name of the hash of its encoded images, by index."""
    return f"{record_key(job_id)}:images"


def results_key(job_id: str) -> str:
    """Return the name of the hash of its results, by index."""
    return f"{record_key(job_id)}:results"


def dead_images_key(job_id: str) -> str:
    """Return the name of the set of its images that were given up."""
    return f"{record_key(job_id)}:dead"


def tombstone_key(job_id: str) -> str:
    """Return the name of what is left of it when its results are gone: whose it was."""
    return f"{record_key(job_id)}:gone"
