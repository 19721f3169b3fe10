"""Prepared models for the tests that need some, made while those run that don't.

A pytest plugin: files of tests are sorted by what they wait for, and a process in the background makes it.

python -m tests.ahead FOLDER NAME...    that process: of each NAME it leaves in FOLDER what became of it
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from cli.bound_process import bound
from tests.conftest import ROOT, SHARED
from tests.e2e.server import environment, run_flask, until

CACHE = ROOT / ".cache/tests"
FOUR = "vgg16,resnet50,inceptionv3,mobilenetv2"

# By the fixture that lends them, in the order in which they are made: that of MobileNetV2 takes seconds.
_RANDOM = {"WEIGHTS": "random", "CACHE_DIR": str(CACHE / "random")}
_REAL = {"WEIGHTS_DIR": str(SHARED / "weights"), "CACHE_DIR": str(CACHE / "real")}
_SETTINGS = {
    "small_cache": {"MODELS": "mobilenetv2"} | _RANDOM,
    "real_cache": {"MODELS": "mobilenetv2"} | _REAL,
    "random_cache": {"MODELS": FOUR} | _RANDOM,
}
_PATIENCE_S = 900


class Background:
    """Makes what the fixtures *names* lend."""

    def __init__(self, names: Sequence[str]) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="triptych-tests-"))
        self._log = self._folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                bound("tests.ahead", str(self._folder), *names),
                cwd=ROOT,
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # in our session: among other sessions' processes its niceness would count for nothing
            )

    def wait(self, name: str) -> None:
        """Until it is made; fails where it can't be."""
        told = self._folder / name
        until(lambda: told.exists() or self._process.poll() is not None, f"{name} is made", _PATIENCE_S)
        if not told.exists() or told.read_text() != "0":
            pytest.fail(f"{name} could not be prepared:\n{self._log.read_text()[-2000:]}")

    def end(self) -> None:
        """Let go of it; the kernel ends its children."""
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder)


_BACKGROUND = pytest.StashKey[Background]()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those files of which no test needs a model, last those that need all."""
    order = {name: number for number, name in enumerate(_SETTINGS, 1)}
    need: defaultdict[Path, int] = defaultdict(int)
    for item in items:
        need[item.path] = max(need[item.path], *(order.get(name, 0) for name in _fixtures([item])), 0)
    items.sort(key=lambda item: need[item.path])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make what is needed, one after the other, as far as the tests leave time for it."""
    needed = _fixtures(session.items)
    wanted = [name for name in _SETTINGS if name in needed and (name != "real_cache" or (SHARED / "weights").is_dir())]
    if wanted and not session.config.option.collectonly:
        session.config.stash[_BACKGROUND] = Background(wanted)


def pytest_unconfigure(config: pytest.Config) -> None:
    if _BACKGROUND in config.stash:
        config.stash[_BACKGROUND].end()


def made(name: str, config: pytest.Config) -> Path:
    """The CACHE_DIR that the fixture *name* lends."""
    config.stash[_BACKGROUND].wait(name)
    return Path(_SETTINGS[name]["CACHE_DIR"])


def prepare(**settings: str) -> None:
    """Prepare models, here and now."""
    result = run_flask("models", "prepare", **settings)
    assert result.returncode == 0, result.stderr


def _fixtures(items: Iterable[pytest.Item]) -> set[str]:
    return {name for item in items for name in getattr(item, "fixturenames", ())}


def _make(folder: Path, names: Sequence[str]) -> None:
    os.nice(10)
    for name in names:
        command = bound("flask", "--app", "app", "models", "prepare")
        done = subprocess.run(command, env=environment(**_SETTINGS[name]), check=False)
        (folder / ".told").write_text(str(done.returncode))
        (folder / ".told").rename(folder / name)


if __name__ == "__main__":
    _make(Path(sys.argv[1]), sys.argv[2:])
