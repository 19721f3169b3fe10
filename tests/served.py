"""Prepared models and services that serve them, each made once for the tests of every folder.

The models are kept in .cache/tests between runs: building the four takes some five minutes.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import Server, run_flask, running

CACHE = ROOT / ".cache/tests"
FOUR = "vgg16,resnet50,inceptionv3,mobilenetv2"


def mobilenet(cache: Path) -> dict[str, str]:
    """Settings of the quickest service: MobileNetV2 with the random weights that lie in *cache*."""
    return {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(cache), "PRECISION": "float32"}


def prepare(**settings: str) -> None:
    result = run_flask("models", "prepare", **settings)
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="session")
def random_cache() -> Path:
    """All four networks with conditioned random weights."""
    prepare(MODELS=FOUR, WEIGHTS="random", CACHE_DIR=str(CACHE / "random"))
    return CACHE / "random"


@pytest.fixture(scope="session")
def real_cache(shared: Path) -> Path:
    """MobileNetV2 with real weights."""
    prepare(MODELS="mobilenetv2", WEIGHTS_DIR=str(shared / "weights"), CACHE_DIR=str(CACHE / "real"))
    return CACHE / "real"


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
