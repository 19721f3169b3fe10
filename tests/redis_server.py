"""A Redis of our own on a free port, ended whatever happens."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import redis

from cli.service_process import free_port
from tests.needed import needs

START_S = 30
FORGETFUL = ("--save", "", "--appendonly", "no")
DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")


class RedisServer(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def redis_server(
    folder: Path, *options: str, port: int = 0, keeping: tuple[str, ...] = FORGETFUL
) -> Iterator[RedisServer]:
    """Start Redis on the loopback, wait until it answers; skip the test where there is none. Its files: in *folder*."""
    needs("redis-server")
    port = port or free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *keeping, *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            _wait(port)
            yield RedisServer(f"redis://127.0.0.1:{port}/0", process)
        finally:
            process.kill()


def _wait(port: int) -> None:
    give_up = time.monotonic() + START_S
    with redis.Redis(port=port, socket_timeout=1) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                assert time.monotonic() < give_up, "Redis did not start"
                time.sleep(0.02)
            else:
                return
