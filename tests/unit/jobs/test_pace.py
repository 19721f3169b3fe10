"""When there will be room, by how quickly images were done lately."""

import time

import pytest
import redis

from jobs import store
from jobs.claims import Claims
from jobs.pace import seconds_until_room
from tests.unit.jobs.parts import Parts, a_job, good

KB = 1024


@pytest.mark.parametrize(
    ("freed_bytes", "in_s", "missing_bytes", "seconds"),
    [
        ([100 * KB] * 10, 10.0, 500 * KB, 5),
        ([100 * KB] * 10, 10.0, 1, 1),
        ([100 * KB] * 10, 10.0, 10**12, 60),
        ([100 * KB], 3600.0, 100 * KB, 60),
        ([0], 1.0, KB, 60),
        ([100 * KB], -5.0, KB, 1),  # a clock that was put back
    ],
)
def test_the_time_is_that_of_the_latest_images(
    client: redis.Redis, freed_bytes: list[int], in_s: float, missing_bytes: int, seconds: int
) -> None:
    now = time.time()  # the Redis is on this machine
    client.rpush(store.PACE, *(f"{now - in_s:.6f} {freed}" for freed in freed_bytes))
    assert seconds_until_room(client, missing_bytes) == pytest.approx(seconds, abs=1 if seconds == 5 else 0)


def test_where_nothing_has_been_done_yet_it_is_a_guess(client: redis.Redis) -> None:
    assert seconds_until_room(client, KB) == 10


def test_results_make_the_pace_and_only_the_latest_count(parts: Parts) -> None:
    parts.ledger.submit(a_job(200))
    parts.work_off()
    lines = parts.client.lrange(store.PACE, 0, -1)
    assert len(lines) == 50
    assert lines[0].split()[1] == str(len(b"image 199")).encode()


def test_an_image_that_comes_twice_is_freed_once(parts: Parts) -> None:
    parts.ledger.submit(a_job(2))
    claim = parts.claimed(parts.published[0])
    for _ in range(2):
        Claims(parts.client, 20).keep(claim, 0, good(0), None)
    assert parts.client.llen(store.PACE) == 1
