"""A real Redis for the tests of jobs: one server for all of them, empty at the start of each."""

from collections.abc import Iterator

import pytest
import redis

from jobs.store import Persistence, connect
from tests.redis_server import RedisServer, redis_server


@pytest.fixture(scope="session")
def jobs_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def client(jobs_redis: RedisServer) -> Iterator[redis.Redis]:
    with connect(jobs_redis.url, Persistence(5.0, 0)) as client:
        client.flushall()
        yield client
