"""What a new machine goes through: minutes long, run by make test-slow."""

from pathlib import Path

import pytest

from tests.e2e.server import running
from tests.e2e.test_service import PNG

pytestmark = pytest.mark.slow


def test_gunicorn_by_hand_prepares_what_was_never_prepared(tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(tmp_path / "cache"), "WORKERS": "1"}
    with running(tmp_path / "log", **settings) as server:
        assert server.predict(PNG).json()["weights"] == "random"
