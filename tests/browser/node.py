"""What npm installs for the tests of the page: `make test` does it, see package.json."""

from pathlib import Path

import pytest

from tests.conftest import ROOT

FOLDER = ROOT / "tests/browser"


def installed(package: str, file: str) -> Path:
    """Return a file of node_modules; skip the test where npm has not installed it."""
    path = FOLDER / "node_modules" / package / file
    if not path.exists():
        pytest.skip(f"needs npm's {package}: make test installs it where npm is (Debian: apt-get install npm)")
    return path
