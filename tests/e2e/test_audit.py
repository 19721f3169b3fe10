"""No pinned package has a known weakness that a newer release mends."""

import json
import subprocess
import sys

import pytest

from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.parametrize("file", ["requirements-serve.txt", "requirements.txt"])
def test_no_pin_has_an_advisory_with_a_released_fix(file: str) -> None:
    command = [sys.executable, "-m", "pip_audit", "-r", file, "--no-deps", "--disable-pip", "--format", "json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    if not done.stdout.startswith("{"):
        pytest.skip(f"needs PyPI's advisories: {done.stderr.strip().splitlines()[-1]}")
    found = json.loads(done.stdout)["dependencies"]
    if all("skip_reason" in package for package in found):
        pytest.skip("needs PyPI's advisories, which can't be reached from here")
    mended = {
        package["name"]: [advisory["id"] for advisory in package["vulns"] if advisory["fix_versions"]]
        for package in found
        if package.get("vulns")
    }
    assert {name: ids for name, ids in mended.items() if ids} == {}
