"""A real Gunicorn, started as `gunicorn app:app` starts it, on a free port."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.conftest import ROOT

START_S = 300  # a start that prepares nothing takes 3 s, one that prepares a network two minutes
STOP_S = 60  # and all else that is waited for


def environment(**settings: str) -> dict[str, str]:
    """The environment of a process under test: none of the caller's settings, only these."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    clean.pop("PYTHONDONTWRITEBYTECODE", None)  # each of a hundred starts would compile all of our modules: 0.3 s
    return clean | {f"TRIPTYCH_{name}": value for name, value in settings.items()}


def until(condition: Callable[[], object], what: str, patience_s: float = STOP_S) -> None:
    """Wait until *condition* holds; fail where it never does, saying *what*."""
    give_up = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < give_up, what
        time.sleep(0.02)


@contextmanager
def stopped(*workers: int) -> Iterator[None]:
    """Let others answer meanwhile."""
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        for worker in workers:
            os.kill(worker, signal.SIGCONT)


@dataclass(frozen=True)
class Server:
    """A running service."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self, count: int) -> set[int]:
        """The pids of the workers, once Gunicorn has forked *count* of them (it does so one by one)."""
        pid, deadline = self.process.pid, time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
            if len(found) >= count:
                return found
            time.sleep(0.05)
        raise AssertionError(f"{count} workers were expected")

    def events(self, name: str) -> list[dict[str, Any]]:
        """What the log tells under *name*."""
        lines = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def predict(self, upload: bytes, **fields: str) -> requests.Response:
        """POST one image."""
        return requests.post(f"{self.url}/predict", files={"file": ("x.jpg", upload)}, data=fields, timeout=60)

    def get(self, path: str) -> requests.Response:
        """GET a path."""
        return requests.get(f"{self.url}{path}", timeout=60)


@contextmanager
def running(
    log: Path,
    *options: str,
    prefix: Sequence[str] = (),
    tmpdir: str = "/tmp",
    python: str = sys.executable,
    application: str = "app:app",
    **settings: str,
) -> Iterator[Server]:
    """Start Gunicorn with *settings*, wait until a worker answers, stop it as a supervisor would.

    *prefix* is what the command begins with: another host, another user, an init.
    """
    command = [*prefix, python, "-m", "gunicorn", application, *options]
    variables = environment(**{"PORT": "0"} | settings) | {"TMPDIR": tmpdir}
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=ROOT, env=variables, stdout=output, stderr=output) as process,
        ended(process),
    ):
        yield when_up(process, log)


@contextmanager
def ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    """Stop it afterwards as a supervisor would."""
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        finally:
            process.kill()


def when_up(process: subprocess.Popen[bytes], log: Path) -> Server:
    """Wait until a worker answers."""
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        listening = re.search(r"Listening at: (http://\S+)", log.read_text())
        if listening:
            server = Server(listening[1].replace("0.0.0.0", "127.0.0.1"), process, log)
            server.get("/livez")  # waits in the backlog until a worker has loaded its models
            return server
        time.sleep(0.05)
    raise AssertionError(f"Gunicorn did not start:\n{log.read_text()}")


def run_flask(*arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run `flask --app app ...` and return what it printed."""
    command = [sys.executable, "-m", "flask", "--app", "app", *arguments]
    env = environment(**settings)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
