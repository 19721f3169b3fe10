"""Fixtures that every kind of test shares."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SHARED = ROOT.parent / "shared"
# Their fixtures last for the whole run, whichever folder asks for them.
pytest_plugins = ["tests.ahead", "tests.served"]


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the settings of the person who runs it."""
    for name in [name for name in os.environ if name.startswith("TRIPTYCH_")]:
        monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def pillow_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that a test starts in this process sets Pillow's own limit; the next test has another."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real weights and photos, beside the checkout; not part of the project."""
    if not (SHARED / "weights").is_dir():
        pytest.skip(f"needs real weights and photos in {SHARED}")
    return SHARED


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What a test starts finds no weights on the internet, and none that Keras ever fetched."""
    with pytest.MonkeyPatch.context() as without:
        without.setenv("https_proxy", "http://127.0.0.1:9")  # nothing listens on a port below 1024 by chance
        without.setenv("KERAS_HOME", str(tmp_path_factory.mktemp("keras")))
        yield
