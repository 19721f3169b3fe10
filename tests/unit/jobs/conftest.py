"""The parts of the ledger, around a Redis that is empty."""

import pytest
import redis

from tests.unit.jobs.parts import Parts


@pytest.fixture
def parts(client: redis.Redis) -> Parts:
    return Parts(client)
