"""The services that are measured, started as their users start them and stopped when measured."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_START_S = 120


def environment(settings: dict[str, str]) -> dict[str, str]:
    """Return the environment of a service with these settings and none of the caller's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("TRIPTYCH_")}
    return clean | {f"TRIPTYCH_{name}": value for name, value in settings.items()}


@contextmanager
def gunicorn(app: str, *options: str, environ: dict[str, str]) -> Iterator[str]:
    """Start `gunicorn app` on a free port and yield its address."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", app, "-b", f"127.0.0.1:{port}", *options]
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=nothing, stderr=nothing)  # noqa: S603  # our own command
    try:
        _wait(f"http://127.0.0.1:{port}/readyz", process)
        yield f"http://127.0.0.1:{port}/predict"
    finally:
        process.terminate()
        process.wait()


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=_START_S).close()  # noqa: S310  # loopback
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} did not start")
