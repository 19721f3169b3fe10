"""What a new machine goes through: minutes long, run by make test-slow."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import running
from tests.e2e.test_service import PNG

pytestmark = pytest.mark.slow


def test_gunicorn_by_hand_prepares_what_was_never_prepared(tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(tmp_path / "cache"), "WORKERS": "1"}
    with running(tmp_path / "log", **settings) as server:
        assert server.predict(PNG).json()["weights"] == "random"


def test_a_worker_needs_only_requirements_serve(random_cache: Path, tmp_path: Path) -> None:
    """An environment without TensorFlow serves what was prepared with it."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv/bin/python"
    install = [str(python), "-m", "pip", "install", "-q", "-r", str(ROOT / "requirements-serve.txt")]
    if subprocess.run(install, check=False).returncode:
        pytest.skip("needs a package index to install requirements-serve.txt from")
    absent = subprocess.run([str(python), "-c", "import tensorflow"], capture_output=True, check=False)
    assert absent.returncode != 0
    settings = {"MODELS": "mobilenetv2,resnet50", "WEIGHTS": "random", "CACHE_DIR": str(random_cache)}
    with running(tmp_path / "log", python=str(python), **settings) as server:
        for name in ("mobilenetv2", "resnet50"):
            assert server.predict(PNG, model=name).status_code == 200
