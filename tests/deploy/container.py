"""An image that was replayed, started as an engine starts a container of it."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.image import Image
from tests.e2e.server import ended


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


def health(image: Image, port: int) -> "subprocess.CompletedProcess[str]":
    """Run HEALTHCHECK as an engine does."""
    command = image.as_user(*image.stage.healthcheck)
    env = image.environ(TRIPTYCH_PORT=str(port))
    return subprocess.run(command, cwd=image.app, env=env, capture_output=True, text=True, check=False)


def files(image: Image) -> dict[Path, tuple[int, ...]]:
    found = {path: path.lstat() for path in image.root.rglob("*")}
    return {path: (stat.st_mode, stat.st_size, stat.st_mtime_ns) for path, stat in found.items()}
