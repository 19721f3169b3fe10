"""What only the end-to-end tests need; the services they share with others are in tests/served.py."""

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def copied_cache(random_cache: Path, tmp_path: Path) -> Path:
    """A copy of the prepared MobileNetV2, to be damaged; and beside it ResNet50 (500 MB), which is none: leave it."""
    models = tmp_path / "cache/models"
    shutil.copytree(random_cache / "models/mobilenetv2", models / "mobilenetv2", symlinks=True)
    (models / "resnet50").symlink_to(random_cache / "models/resnet50")
    return tmp_path / "cache"
