"""How the jobs are, in numbers: of the whole ledger, whoever asks."""

from typing import NamedTuple

import redis

from jobs import store
from jobs.job import State


class Figures(NamedTuple):
    """*jobs*: by state, open ones now, ended ones ever; *submitted*: ever. *oldest_s*: age of the oldest open job.

    *waiting*, *claimed*: chunks now, for a worker and with one (or resting). *images*: with a result, ever;
    *retried*: chunks whose worker was silent, ever; *given_up*: images, ever; *dead*: what `jobs dead` lists.
    """

    jobs: dict[State, int]
    submitted: int
    waiting: int
    claimed: int
    oldest_s: float
    images: int
    retried: int
    given_up: int
    dead: int
    image_bytes: int


def figures(client: redis.Redis) -> Figures:
    """Return them as they are within a moment.  Raises: StoreUnreachable."""
    with store.reached(), client.pipeline(transaction=False) as pipe:
        pipe.hgetall(store.COUNTS)
        pipe.zcard(store.CLAIMED)
        pipe.zcard(store.WAITING)
        pipe.zrange(store.EXPIRY, 0, 0)
        pipe.zcard(store.DEAD)
        pipe.time()
        counts, claimed, waiting, oldest, dead, time = pipe.execute()
        opened = client.hget(store.record_key(oldest[0].decode()), "opened") if oldest else None
    now = time[0] + time[1] / 1e6
    told = {name.decode(): int(value) for name, value in counts.items()}
    return Figures(
        jobs={state: told.get(state.value, 0) for state in State},
        submitted=told.get("submitted", 0),
        waiting=waiting,
        claimed=claimed,
        oldest_s=max(0.0, now - float(opened)) if opened else 0.0,
        images=told.get("images", 0),
        retried=told.get("retried", 0),
        given_up=told.get("given_up", 0),
        dead=dead,
        image_bytes=told.get("bytes", 0),
    )
