"""A settings file under a running service: read once a start, and again by HUP."""

import os
import signal
import time
from pathlib import Path

from tests.e2e.server import START_S, Server, running
from tests.pictures import encode, photo_like

PNG = encode(photo_like(64, 64), "PNG")


def replaced(server: Server, old: int) -> None:
    """Wait until another worker has come in place of *old*."""
    give_up = time.monotonic() + START_S
    while server.workers(1) <= {old} and time.monotonic() < give_up:
        time.sleep(0.05)


def test_a_worker_that_comes_later_serves_what_its_siblings_do(copied_cache: Path, tmp_path: Path) -> None:
    file = tmp_path / "my.env"
    file.write_text("MODELS=mobilenetv2\nPRECISION=float32\n")
    settings = {"WEIGHTS": "random", "CACHE_DIR": str(copied_cache), "WORKERS": "1", "SETTINGS_FILE": str(file)}
    with running(tmp_path / "log", **settings) as server:
        (worker,) = server.workers(1)
        file.write_text("MODELS=mobilenetv2\nPRECISION=int8\n")
        os.kill(worker, signal.SIGKILL)
        replaced(server, worker)
        assert server.predict(PNG).json()["precision"] == "float32"
        (worker,) = server.workers(1)
        server.process.send_signal(signal.SIGHUP)
        replaced(server, worker)
        give_up = time.monotonic() + START_S
        while server.predict(PNG).json()["precision"] != "int8":  # until the old worker has ended
            assert time.monotonic() < give_up
