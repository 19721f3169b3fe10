"""What only the end-to-end tests need; the services they share with others are in tests/served.py."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copied_cache(small_cache: Path, tmp_path: Path) -> Path:
    """A copy of the prepared MobileNetV2, to be damaged."""
    models = tmp_path / "cache/models"
    shutil.copytree(small_cache / "models/mobilenetv2", models / "mobilenetv2", symlinks=True)
    return tmp_path / "cache"


@pytest.fixture
def copied_pair(copied_cache: Path, random_cache: Path) -> Path:
    """Beside the copy ResNet50 (500 MB), which is none: leave it."""
    (copied_cache / "models/resnet50").symlink_to(random_cache / "models/resnet50")
    return copied_cache
