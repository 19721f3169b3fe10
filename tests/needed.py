"""What a test needs of the machine: where it is absent, the test skips and names it."""

import shutil

import pytest


def needs(program: str, package: str = "") -> str:
    """Return where *program* lies, which Debian has in *package*, or in one of its own name."""
    found = shutil.which(program)
    if not found:
        pytest.skip(f"needs {program} (Debian: apt-get install {package or program})")
    return found
