"""Prepared models for the tests that need some, made while those run that don't.

A pytest plugin: files of tests are sorted by what they wait for, and a process in the background makes it.
"""

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import ROOT, SHARED
from tests.e2e.server import environment, run_flask, until

CACHE = ROOT / ".cache/tests"
FOUR = "vgg16,resnet50,inceptionv3,mobilenetv2"
PATIENCE_S = 900

# By the fixture that lends them, in the order in which they are made: that of MobileNetV2 takes seconds.
_RANDOM = {"WEIGHTS": "random", "CACHE_DIR": str(CACHE / "random")}
_REAL = {"WEIGHTS_DIR": str(SHARED / "weights"), "CACHE_DIR": str(CACHE / "real")}
_SETTINGS = {
    "small_cache": {"MODELS": "mobilenetv2"} | _RANDOM,
    "real_cache": {"MODELS": "mobilenetv2"} | _REAL,
    "random_cache": {"MODELS": FOUR} | _RANDOM,
}

_markers: dict[str, Path] = {}
_background: "list[subprocess.Popen[bytes]]" = []


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """First those files of which no test needs a model, last those that need all."""
    need: defaultdict[Path, int] = defaultdict(int)
    order = {name: number for number, name in enumerate(_SETTINGS, 1)}
    for item in items:
        need[item.path] = max(need[item.path], *(order.get(name, 0) for name in _fixtures([item])), 0)
    items.sort(key=lambda item: need[item.path])


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make what is needed, one after the other, as far as the tests leave time for it."""
    wanted = [name for name in _SETTINGS if name in _fixtures(session.items)]
    if "real_cache" in wanted and not (SHARED / "weights").is_dir():
        wanted.remove("real_cache")
    if session.config.option.collectonly or not wanted:
        return
    folder = Path(tempfile.mkdtemp(prefix="triptych-tests-"))
    _markers.update({name: folder / name for name in wanted})
    prepare_ = shlex.join(["nice", sys.executable, "-m", "flask", "--app", "app", "models", "prepare"])
    steps = [
        " ".join([*(f"TRIPTYCH_{key}={shlex.quote(value)}" for key, value in _SETTINGS[name].items()), prepare_])
        + f" && touch {shlex.quote(str(_markers[name]))}"
        for name in wanted
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["sh", "-c", "; ".join(steps)], cwd=ROOT, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
    _background.append(process)


def pytest_unconfigure() -> None:
    for process in _background:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def made(name: str) -> Path:
    """The CACHE_DIR that the fixture *name* lends."""
    settings, marker = _SETTINGS[name], _markers.get(name)
    if marker and _background:
        until(lambda: marker.exists() or _background[0].poll() is not None, f"{name} is made", PATIENCE_S)
    if not marker or not marker.exists():
        prepare(**settings)  # says what is wrong
    return Path(settings["CACHE_DIR"])


def prepare(**settings: str) -> None:
    """Prepare models, here and now."""
    result = run_flask("models", "prepare", **settings)
    assert result.returncode == 0, result.stderr


def _fixtures(items: Iterable[pytest.Item]) -> set[str]:
    return {name for item in items for name in getattr(item, "fixturenames", ())}
