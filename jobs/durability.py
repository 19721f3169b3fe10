"""Whether what Redis has acknowledged survives: its sudden end, and a memory that is full."""

import logging
from collections.abc import Mapping

import redis

log = logging.getLogger(__name__)

SETTINGS = (
    "appendonly",
    "appendfsync",
    "no-appendfsync-on-rewrite",
    "maxmemory",
    "maxmemory-policy",
)
_WARNING = (
    "Redis may lose jobs that were accepted, and their callers are told so (`durable`): "
    "set appendonly yes, appendfsync always, and maxmemory-policy noeviction"
)


class Durability:
    """Judges the settings of a Redis, and warns of them once a process."""

    def __init__(self) -> None:
        self._has_warned = False

    def judge(self, settings: Mapping[str, str] | redis.RedisError) -> bool:
        """Return whether nothing is lost under *settings*; not where Redis does not tell (hosted ones forbid it)."""
        is_durable = not isinstance(settings, redis.RedisError) and _keeps_everything(settings)
        if not is_durable and not self._has_warned:
            log.warning(_WARNING)
            self._has_warned = True
        return is_durable


def _keeps_everything(settings: Mapping[str, str]) -> bool:
    wanted = {"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no"}
    is_written = all(settings.get(name) == value for name, value in wanted.items())
    return is_written and (settings.get("maxmemory") == "0" or settings.get("maxmemory-policy") == "noeviction")
