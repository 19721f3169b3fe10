"""The services that are measured, started as their users start them and stopped when measured."""

import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from bench.places import LOGS
from bench.subject import Subject
from cli.service_process import free_port, process

START_S = 180
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


def log_file(name: str) -> Path:
    """Return where the output of the process *name* goes."""
    LOGS.mkdir(parents=True, exist_ok=True)
    return LOGS / f"{name}.log"


@contextmanager
def running(subject: Subject) -> Iterator[Running]:
    """Start a server on a free port and lend it once it is ready.  Raises: RowFailed: it does not start."""
    port = free_port()
    command = [part.replace("{port}", str(port)) for part in subject.command]
    if not Path(command[0]).exists():
        raise RowFailed(f"{subject.name}: its environment could not be made ({command[0]} is missing)")
    with process(command, clean_environment() | dict(subject.environ), log_file(subject.name)) as child:
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
