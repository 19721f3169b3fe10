"""How quickly workers free the memory that images take."""

import math

import redis

from jobs import store

_LONGEST_S = 60  # of Retry-After
_UNKNOWN_S = 10  # while nothing has been done lately


def seconds_until_room(client: redis.Redis, missing_bytes: float) -> int:
    """Return the whole seconds after which *missing_bytes* will have been freed, at the pace of the latest images."""
    lines = [line.split() for line in client.lrange(store.PACE, 0, -1)]
    if not lines:
        return _UNKNOWN_S
    now = client.time()
    elapsed_s = now[0] + now[1] / 1e6 - float(lines[-1][0])
    freed = sum(int(size) for _, size in lines)
    return min(_LONGEST_S, max(1, math.ceil(missing_bytes * max(elapsed_s, 0.0) / max(freed, 1))))
