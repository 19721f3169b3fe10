"""The parts of a service with jobs, each of which can be hurt and comes back: Redis, the web, two job workers."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import redis
import requests

from cli.service_process import free_port
from jobs.store import CLAIMED, COUNTS
from tests.conftest import ROOT
from tests.e2e.server import STOP_S, environment, until
from tests.redis_server import DURABLE, redis_server
from tests.served import mobilenet

PYTHON = (sys.executable, "-m")
PASSWORD = "of-a-test"

Host = tuple[str, ...]  # what a command begins with that is to run there


@dataclass
class Part:
    """One process, started by *command*, and started again when it was ended."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, cwd=ROOT, env=dict(self.environ), stdout=output, stderr=output
            )

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def until_loaded(self) -> None:
        """Wait until its models have ever been loaded."""
        until(lambda: b" ready in " in self.log.read_bytes(), f"{self.name} did not start")

    def tree(self) -> list[int]:
        """The process and its children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]

    def signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def revive(self) -> None:
        """Wait until it has ended, and start it again, as a supervisor does."""
        assert self.process is not None
        self.process.wait(STOP_S)
        self.start()

    def stop(self) -> None:
        stop(self)


def stop(*parts: Part) -> None:
    """Tell all of them to end, and wait until they have: a job worker takes two seconds, and two take no longer."""
    running = [part.process for part in parts if part.process]
    for process in running:
        process.send_signal(signal.SIGCONT)
        process.terminate()
    try:
        for process in running:
            process.wait(STOP_S)
    finally:
        for process in running:
            process.kill()
            process.wait()


@dataclass
class Parts:
    """All of them; *url* of the web."""

    url: str
    redis_url: str
    redis: Part
    web: Part
    workers: list[Part]


@contextmanager
def parts(
    folder: Path,
    cache: Path,
    *,
    host: str = "127.0.0.1",
    hosts: Sequence[Host] = ((), ()),
    application: str = "app:app",
    **settings: str,
) -> Iterator[Parts]:
    """Run them all: MobileNetV2 with random weights, Redis with its append-only file, a worker on each of *hosts*."""
    with redis_server(folder, keeping=DURABLE):
        pass  # skips where there is none
    redis_port, web_port = free_port(), free_port()
    url = f"redis://:{PASSWORD}@{host}:{redis_port}/0"
    model = mobilenet(cache)
    ours = environment(**{"REDIS_URL": url, **model, **settings})
    options = ("--port", str(redis_port), "--requirepass", PASSWORD, "--bind", host, "--dir", str(folder), *DURABLE)
    serve = (*PYTHON, "gunicorn", application, "-b", f"127.0.0.1:{web_port}")
    work = (*PYTHON, "flask", "--app", application, "jobs", "work")
    made = Parts(
        f"http://127.0.0.1:{web_port}",
        url,
        Part("redis", ("redis-server", *options), os.environ, folder / "redis.log"),
        Part("web", serve, ours | {"TRIPTYCH_WORKERS": "2"}, folder / "web.log"),
        [
            Part(f"worker{n}", (*prefix, *work), ours | {"TRIPTYCH_WORKERS": "1"}, folder / f"worker{n}.log")
            for n, prefix in enumerate(hosts)
        ],
    )
    with ExitStack() as stack:
        stack.callback(made.redis.stop)
        stack.callback(stop, made.web, *made.workers)
        for part in (made.redis, made.web, *made.workers):
            part.start()
        until(lambda: answers(made.url), "the web did not start")
        for worker in made.workers:
            worker.until_loaded()
        yield made


def claimed(them: Parts) -> int:
    """How many chunks workers hold now."""
    with redis.Redis.from_url(them.redis_url) as client:
        return int(client.zcard(CLAIMED))


def retried(them: Parts) -> int:
    """How many chunks were given to another, for their worker was silent."""
    with redis.Redis.from_url(them.redis_url) as client:
        return int(client.hget(COUNTS, "retried") or 0)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/readyz", timeout=5).ok
    except requests.RequestException:
        time.sleep(0.1)
        return False
