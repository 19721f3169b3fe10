"""The services that are measured, started as their users start them and stopped when measured."""

import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple

from bench.places import LOGS, ROOT
from bench.subject import Subject

START_S = 180
STOP_S = 30
# What the caller's environment must not bring into a service: settings, and the options of a `make` around us.
_NOT_OURS = ("TRIPTYCH_", "MAKE", "MFLAGS")


class RowFailed(Exception):
    """A row can't be measured; `str(error)` says why in one line."""


class Running(NamedTuple):
    """A service that answers at *url*; *pid* is the root of its process tree."""

    url: str
    pid: int


def clean_environment() -> dict[str, str]:
    """Return the caller's environment without what would change a service."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_NOT_OURS)}


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def process(command: Sequence[str], environ: dict[str, str], log_name: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a session of its own, its output in logs/; end all of it at the end of the block."""
    LOGS.mkdir(parents=True, exist_ok=True)
    with (LOGS / f"{log_name}.log").open("wb") as log:
        child = subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=ROOT, env=environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # children that outlived it
        child.wait()


@contextmanager
def running(subject: Subject) -> Iterator[Running]:
    """Start a server on a free port and lend it once it is ready.  Raises: RowFailed: it does not start."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in subject.command]
    with process(command, clean_environment() | dict(subject.environ), subject.name) as child:
        _wait(f"http://127.0.0.1:{port}/readyz", child, subject.name)
        yield Running(f"http://127.0.0.1:{port}/predict", child.pid)


def _wait(url: str, child: "subprocess.Popen[bytes]", name: str) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=START_S).close()  # noqa: S310  # loopback
        except OSError:  # not listening yet, or 503 while it loads
            time.sleep(0.1)
        else:
            return
    raise RowFailed(f"{name} did not start; its words are in {LOGS}")
