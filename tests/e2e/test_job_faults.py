"""Whatever is hurt while jobs come in: each that was accepted ends once, with the right answers."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from jobs.store import EXPIRY, QUEUE_KEY
from tests.e2e.job_parts import Part, Parts, claimed, parts, retried
from tests.e2e.job_stream import Stream, check, photos, streaming
from tests.e2e.server import until
from tests.pictures import encode, photo_like

PICTURES = [encode(photo_like(60 + 8 * number, 90, seed=number), "JPEG") for number in range(8)]
CONTENTS = [*PICTURES, PICTURES[0][: len(PICTURES[0]) // 2], b"I am text"]
STOPPED_S = 30  # longer than a lease, and than any patience with a connection


def web(them: Parts) -> list[Part]:
    return [them.web]


def worker(them: Parts) -> list[Part]:
    return them.workers[:1]


def every_worker(them: Parts) -> list[Part]:
    """Each has a reaper in its parent process."""
    return them.workers


def store(them: Parts) -> list[Part]:
    return [them.redis]


Whom = Callable[[Parts], list[Part]]


def hurt(them: Parts, whom: Whom, blow: signal.Signals) -> None:
    """TERM goes to the parent, as a supervisor sends it; the others to its children too, or to the parent alone."""
    chosen = whom(them)
    alone = blow is signal.SIGTERM or whom is every_worker
    pids = [pid for part in chosen for pid in ([part.pid] if alone else part.tree())]
    for pid in pids:
        os.kill(pid, blow)
    if blow is signal.SIGSTOP:
        time.sleep(STOPPED_S)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    else:
        for part in chosen:
            part.revive()


def more(stream: Stream, count: int) -> None:
    """Wait until so many more jobs were accepted."""
    before = len(stream.accepted)
    until(lambda: len(stream.accepted) >= before + count, "no job is accepted any more")


def nothing_is_left(them: Parts) -> None:
    """The ledger's books balance: what was submitted has ended, once, and no image is held."""
    with redis.Redis.from_url(them.redis_url, decode_responses=True) as client:
        until(lambda: not client.zcard(EXPIRY), "a job is open whose caller was not told of it")
        counts = {name: int(value) for name, value in client.hgetall("triptych:jobs:counts").items()}
        assert counts["submitted"] == counts["done"]
        assert (counts["queued"], counts["running"], counts["bytes"]) == (0, 0, 0)
        assert not any(client.zcard(f"triptych:jobs:{name}") for name in ("waiting", "claimed", "expiry"))
        assert not client.keys("triptych:job:*:images")


def survive(folder: Path, cache: Path, whom: Whom, blow: signal.Signals, lease_s: str) -> None:
    with parts(folder, cache, JOB_LEASE_S=lease_s) as them:
        known = photos(them.url, CONTENTS)
        with streaming(them.url, known) as stream:
            more(stream, 20)
            until(lambda: claimed(them) == len(them.workers), "not every worker holds something")
            hurt(them, whom, blow)
            more(stream, 20)
        check(them.url, stream)
        nothing_is_left(them)
        if blow is signal.SIGKILL and whom in (worker, every_worker):
            assert retried(them), "what it held was given to another"
        print(f"{whom.__name__} {blow.name}: {len(stream.accepted)} jobs accepted, all of them done")


@pytest.mark.slow
def test_no_job_is_lost_with_a_worker(small_cache: Path, tmp_path: Path) -> None:
    survive(tmp_path, small_cache, worker, signal.SIGKILL, lease_s="2")


@pytest.mark.slow
@pytest.mark.parametrize("blow", [signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
@pytest.mark.parametrize("whom", [web, worker, every_worker, store])
def test_no_job_is_lost_whatever_is_hurt(small_cache: Path, tmp_path: Path, whom: Whom, blow: signal.Signals) -> None:
    survive(tmp_path, small_cache, whom, blow, lease_s="20")


@pytest.mark.slow
def test_no_job_is_lost_with_a_process_of_a_worker(small_cache: Path, tmp_path: Path) -> None:
    """Its parent forks another, and Celery sends again what it had."""
    with parts(tmp_path, small_cache) as them:
        known = photos(them.url, CONTENTS)
        with streaming(them.url, known) as stream:
            for _ in range(3):
                more(stream, 10)
                for process in them.workers[0].tree()[1:]:
                    os.kill(process, signal.SIGKILL)
        check(them.url, stream)
        nothing_is_left(them)


@pytest.mark.slow
def test_no_job_is_lost_with_its_message(small_cache: Path, tmp_path: Path) -> None:
    with parts(tmp_path, small_cache) as them:
        known = photos(them.url, CONTENTS)
        for part in them.workers:
            part.stop()
        with streaming(them.url, known) as stream:
            more(stream, 20)
        with redis.Redis.from_url(them.redis_url) as client:
            assert client.delete(QUEUE_KEY) == 1
        for part in them.workers:
            part.start()
        check(them.url, stream)
        nothing_is_left(them)


@pytest.mark.slow
def test_a_redis_that_is_full_loses_no_job_and_takes_more_when_workers_have_made_room(
    small_cache: Path, tmp_path: Path
) -> None:
    with parts(tmp_path, small_cache) as them, redis.Redis.from_url(them.redis_url) as client:
        (photo,) = photos(them.url, PICTURES[:1])
        for part in them.workers:
            part.stop()
        client.config_set("maxmemory", client.info("memory")["used_memory"] + (4 << 20))
        client.config_set("maxmemory-policy", "noeviction")
        stream = Stream(them.url, [photo], seed=0)
        while job_id := stream.submit([photo] * 200, key=str(len(stream.accepted))):
            stream.accepted[job_id] = [photo] * 200
        assert stream.accepted, "there was room for some"
        for part in them.workers:
            part.start()
        check(them.url, stream)
        until(lambda: stream.submit([photo], key="more"), "there is never room again")
