"""Prepared models and services that serve them, each made once for the tests of every folder.

The models are kept in .cache/tests between runs: building them takes some four minutes (tests/ahead.py).
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ahead import FOUR, made
from tests.conftest import ROOT
from tests.e2e.server import Server, environment, running

TREES = ("ash", "beech", "cedar", "date palm", "elm")  # classes of the small models


def mobilenet(cache: Path) -> dict[str, str]:
    """Settings of the quickest service: MobileNetV2 with the random weights that lie in *cache*."""
    return {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(cache), "PRECISION": "float32"}


@pytest.fixture(scope="session")
def small_cache(pytestconfig: pytest.Config) -> Path:
    """MobileNetV2 with conditioned random weights; there may be others."""
    return made("small_cache", pytestconfig)


@pytest.fixture(scope="session")
def random_cache(pytestconfig: pytest.Config) -> Path:
    """All four networks with conditioned random weights."""
    return made("random_cache", pytestconfig)


@pytest.fixture(scope="session")
def real_cache(shared: Path, pytestconfig: pytest.Config) -> Path:
    """MobileNetV2 with real weights."""
    del shared
    return made("real_cache", pytestconfig)


@pytest.fixture(scope="session")
def four(random_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that serve all four networks with random weights."""
    log = tmp_path_factory.mktemp("four") / "log"
    with running(
        log, MODELS=FOUR, WEIGHTS="random", CACHE_DIR=str(random_cache), WORKERS="2", PRECISION="float32"
    ) as server:
        yield server


@pytest.fixture(scope="session")
def real(real_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two workers that serve MobileNetV2 with real weights."""
    log = tmp_path_factory.mktemp("real") / "log"
    with running(log, MODELS="mobilenetv2", CACHE_DIR=str(real_cache), WORKERS="2", PRECISION="float32") as server:
        yield server


@pytest.fixture(scope="session")
def own_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of an operator's own, of many kinds and good or bad, and labels."""
    folder = tmp_path_factory.mktemp("small models")
    command = [sys.executable, "-m", "tests.e2e.small_models", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (folder / "labels.txt").write_text("\n".join(f"t{number}\t{name}" for number, name in enumerate(TREES)) + "\n")
    (folder / "four.txt").write_text("a\nb\nc\nd\n")
    (folder / "twice.txt").write_text("a\nb\nc\nd\na\n")
    (folder / "gap.txt").write_text("a\nb\n\nd\ne\n")
    (folder / "rubbish.tflite").write_bytes(b"rubbish")
    (folder / "rubbish.keras").write_bytes(b"rubbish")
    return folder
