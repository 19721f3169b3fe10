"""What a new machine goes through: minutes long, run by make test-slow."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import environment, running
from tests.e2e.test_pocket import DOGS
from tests.e2e.test_service import PNG

pytestmark = pytest.mark.slow


def test_gunicorn_by_hand_prepares_what_was_never_prepared(tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(tmp_path / "cache"), "WORKERS": "1"}
    with running(tmp_path / "log", **settings) as server:
        assert server.predict(PNG).json()["weights"] == "random"


def test_a_fresh_clone_with_no_internet_tells_a_dog(shared: Path, tmp_path: Path) -> None:
    """`make serve` and one curl, in a network of its own that leads nowhere. Only .venv was there before."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs to be allowed a network of its own (unshare --net)")
    clone, photo = tmp_path / "clone", shared / "photos/n02108915_French_bulldog.JPEG"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    commands = (
        "ip link set lo up; make serve & trap 'kill -TERM %1; wait' EXIT;"
        "until curl -sf localhost:5000/readyz >/dev/null; do kill -0 %1 || exit 1; sleep 0.2; done;"
        f"curl -s -F file=@{photo} localhost:5000/predict"
    )
    variables = environment(CACHE_DIR=str(tmp_path / "cache")) | {"KERAS_HOME": str(tmp_path)}
    done = subprocess.run(
        ["unshare", "--net", "bash", "-ec", commands],
        cwd=clone, env=variables, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert "serving `pocket`, the small model in the box" in done.stderr, done.stderr
    answer = json.loads(done.stdout.splitlines()[-1])
    assert (answer["model"], answer["weights"]) == ("pocket", "pocket")
    assert answer["results"][0]["class"] in DOGS
