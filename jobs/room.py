"""Whether Redis has room for another job, and keeps what it acknowledges: asked before anything of it is written."""

import redis

from jobs import durability, store
from jobs.errors import StoreFull
from jobs.pace import seconds_until_room

_SPARE = 0.1  # of Redis's maxmemory: for results, and messages, without which nothing would ever be freed


class Room:
    """*max_bytes*: of images in all jobs that have not ended."""

    def __init__(self, client: redis.Redis, max_bytes: int) -> None:
        self._client = client
        self._durability = durability.Durability()
        self._max_bytes = max_bytes

    def check(self, size: int) -> bool:
        """Return whether a job of *size* bytes will be durable.  Raises: StoreFull: there is no room for it."""
        with self._client.pipeline(transaction=False) as pipe:
            pipe.hget(store.COUNTS, "bytes")
            pipe.config_get(*durability.SETTINGS)
            pipe.info("memory")
            held, settings, memory = pipe.execute(raise_on_error=False)
        if isinstance(held, redis.RedisError):
            raise held
        self.refuse_above(int(held or 0) + size)
        if isinstance(memory, dict) and (most := memory.get("maxmemory", 0)):
            self._refuse(memory["used_memory"] + size - (1 - _SPARE) * most)
        return self._durability.judge(settings)

    def is_durable(self) -> bool:
        """Return whether Redis keeps what it acknowledges."""
        try:
            settings: dict[str, str] = self._client.config_get(*durability.SETTINGS)  # type: ignore[assignment]
        except redis.ResponseError as error:
            return self._durability.judge(error)
        return self._durability.judge(settings)

    def refuse_above(self, held: int) -> None:
        """Raise StoreFull where images would take *held* bytes, and may not."""
        self._refuse(held - self._max_bytes)

    def _refuse(self, missing: float) -> None:
        if missing > 0:
            raise StoreFull(seconds_until_room(self._client, missing))
