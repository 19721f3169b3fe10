"""What only the end-to-end tests need; the services they share with others are in tests/served.py."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copied_cache(random_cache: Path, tmp_path: Path) -> Path:
    """A copy of two small prepared networks, to be damaged."""
    for name in ("mobilenetv2", "resnet50"):
        shutil.copytree(random_cache / "models" / name, tmp_path / "cache/models" / name, symlinks=True)
    return tmp_path / "cache"
