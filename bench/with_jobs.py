"""python -m bench.with_jobs PORT: our service, a job worker, and the Redis between them, until the service ends.

Settings are the environment's. Redis writes each command to its disk before it answers, as the README wants it.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack

import redis

from cli.service_process import free_port

_DURABLE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always")
_LOOK_S, _START_S = 0.05, 30


def main(port: str) -> int:
    """Run them all; return the exit status of the service. Whoever started this ends the whole session."""
    store, python = str(free_port()), sys.executable
    environ = os.environ | {"TRIPTYCH_REDIS_URL": f"redis://127.0.0.1:{store}/0"}
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, ExitStack() as stack:  # a disk: /tmp may be none
        for command in (
            ("redis-server", "--port", store, "--bind", "127.0.0.1", "--dir", folder, *_DURABLE),
            (python, "-m", "flask", "--app", "app", "jobs", "work"),
        ):
            child = stack.enter_context(subprocess.Popen(command, env=environ))  # noqa: S603  # our own commands
            stack.callback(child.terminate)
        _wait(int(store))
        service = (python, "-m", "gunicorn", "app:app", "-b", f"127.0.0.1:{port}")
        return subprocess.run(service, env=environ, check=False).returncode  # noqa: S603


def _wait(port: int) -> None:
    give_up = time.monotonic() + _START_S
    with redis.Redis(port=port) as client:
        while True:
            try:
                client.ping()
            except redis.ConnectionError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(_LOOK_S)
            else:
                return


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
