"""A server as a child process: started on a free port of the loopback, and ended whatever happens."""

import json
import os
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from cli.bound_process import bound

ROOT = Path(__file__).resolve().parents[1]
START_S = 180.0
_STOP_S = 30
_LOOK_S = 0.05
_READY = re.compile(r" ready in [0-9.]+ s: ")  # models.registry's line for each model that a worker has loaded
_FAILED = "could not be loaded"
_TAIL_LINES = 5


class ServiceFailed(Exception):
    """A service does not start; `str(error)` ends with its last words."""


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def process(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a command in a session of its own, in the repository, its output in *log*; end all of it with the block."""
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603  # our own command
            command, cwd=ROOT, env=dict(environ), stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            child.kill()
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)  # children that outlived it
        child.wait()


@contextmanager
def service(settings: Mapping[str, str], workers: int, log: Path) -> Iterator[str]:
    """Start our Gunicorn with *settings* over the caller's environment; lend its address once all *workers* are ready.

    They serve one model.  Raises: ServiceFailed: it does not start, or a worker can't load the model.
    """
    port = free_port()
    # Gunicorn's own variable would win over what is to be measured.
    environ = {name: value for name, value in os.environ.items() if name != "GUNICORN_CMD_ARGS"}
    environ |= {f"TRIPTYCH_{name}": value for name, value in settings.items()}
    environ |= {"TRIPTYCH_HOST": "127.0.0.1", "TRIPTYCH_PORT": str(port), "TRIPTYCH_LOG_LEVEL": "info"}
    with process(bound("gunicorn", "app:app"), environ, log) as child:
        _wait(child, workers, log)
        yield f"http://127.0.0.1:{port}"


def ready_workers(log: str) -> int:
    """Return how many times a worker says in *log* that it has loaded a model."""
    return len(_READY.findall(log))


def _wait(child: "subprocess.Popen[bytes]", workers: int, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while child.poll() is None and time.monotonic() < deadline:
        text = log.read_text(encoding="utf-8", errors="replace")
        if _FAILED in text:
            break
        if ready_workers(text) >= workers:
            return
        time.sleep(_LOOK_S)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    raise ServiceFailed("\n".join(["the service did not start:", *map(_words, lines[-_TAIL_LINES:])]))


def _words(line: str) -> str:
    """Return what a line of the log says, for people."""
    try:
        event = json.loads(line)
        return "\n".join(str(event[name]) for name in ("event", "exception") if name in event)
    except (ValueError, TypeError):
        return line  # said before there was a log
