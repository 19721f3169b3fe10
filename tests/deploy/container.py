"""An image that was replayed, started as an engine starts a container of it."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.image import Image
from tests.e2e.server import Server, ended, until

_LISTENING = re.compile(r"Listening at: http://0\.0\.0\.0:(\d+)")


@contextmanager
def container(image: Image, scratch: Path, *command: str, **settings: str) -> Iterator["subprocess.Popen[bytes]"]:
    """ENTRYPOINT and CMD, or *command*, with exactly the image's environment and *settings*; log in scratch/log."""
    words = image.as_user(*image.stage.entrypoint, *(command or image.stage.command))
    env = image.environ(TMPDIR=str(scratch), **{f"TRIPTYCH_{name}": value for name, value in settings.items()})
    with (
        (scratch / "log").open("wb") as log,
        subprocess.Popen(words, cwd=image.app, env=env, stdout=log, stderr=log) as process,
        ended(process),
    ):
        yield process


def listening(process: "subprocess.Popen[bytes]", log: Path) -> Server:
    """Wait until Gunicorn says where it listens."""
    until(lambda: process.poll() is not None or _LISTENING.search(log.read_text()), "never listens")
    found = _LISTENING.search(log.read_text())
    assert found, log.read_text()
    return Server(f"http://127.0.0.1:{found[1]}", process, log)


def health(image: Image, port: int) -> "subprocess.CompletedProcess[str]":
    """Run HEALTHCHECK as an engine does."""
    command = image.as_user(*image.stage.healthcheck)
    env = image.environ(TRIPTYCH_PORT=str(port))
    return subprocess.run(command, cwd=image.app, env=env, capture_output=True, text=True, check=False)


def files(image: Image) -> dict[Path, tuple[int, ...]]:
    found = {path: path.lstat() for path in image.root.rglob("*")}
    return {path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}


def tell_memory(pid: int) -> None:
    """Print what each process below *pid* holds, pages that it shares divided among those that share them."""
    for child in (Path(f"/proc/{pid}/task/{pid}/children")).read_text().split():
        fields = dict(line.split(":", 1) for line in Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()[1:])
        print(f"{child}: RSS {fields['Rss'].strip()}, its share {fields['Pss'].strip()}")
        tell_memory(int(child))
