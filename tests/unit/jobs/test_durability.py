import logging

import pytest
import redis

from jobs.durability import SETTINGS, Durability

GOOD = dict(zip(SETTINGS, ("yes", "always", "no", "0", "noeviction"), strict=True))


@pytest.mark.parametrize(
    ("settings", "durable"),
    [
        (GOOD, True),
        (GOOD | {"maxmemory": "1000000"}, True),
        (GOOD | {"maxmemory-policy": "allkeys-lru"}, True),  # without a limit nothing is evicted
        (GOOD | {"maxmemory": "1000000", "maxmemory-policy": "allkeys-lru"}, False),
        (GOOD | {"appendfsync": "everysec"}, False),
        (GOOD | {"appendonly": "no"}, False),
        (GOOD | {"no-appendfsync-on-rewrite": "yes"}, False),
        ({}, False),
        (redis.ResponseError("unknown command"), False),
    ],
)
def test_only_a_redis_that_keeps_everything_is_durable(
    settings: dict[str, str] | redis.RedisError, durable: bool
) -> None:
    assert Durability().judge(settings) is durable


def test_it_warns_once(caplog: pytest.LogCaptureFixture) -> None:
    durability = Durability()
    with caplog.at_level(logging.WARNING):
        for settings in (GOOD, {}, GOOD, {}):
            durability.judge(settings)
    assert len(caplog.records) == 1
    assert "appendfsync always" in caplog.text
