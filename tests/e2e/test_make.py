"""What `make serve` says to Gunicorn, and `make worker` to flask, in a folder with or without triptych.env.

A shell script is the Gunicorn, and the flask.
"""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import environment

NAMES = ("SETTINGS_FILE", "WEIGHTS", "PREPARE", "WORKERS")


@pytest.fixture(params=["serve", "worker"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("make"):
        pytest.skip("needs make")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "venv/bin").mkdir(parents=True)
    for program in ("gunicorn", "flask"):
        (tmp_path / "venv/bin" / program).write_text('#!/bin/sh\nenv | grep "^TRIPTYCH_"\n')
        (tmp_path / "venv/bin" / program).chmod(0o755)
    for name in ("requirements.txt", "requirements-serve.txt", "venv/.installed"):
        (tmp_path / name).touch()
    return tmp_path


def made(target: str, folder: Path, *options: str, **settings: str) -> dict[str, str]:
    """The settings that a program gets; empty ones count as unset."""
    command = ["make", "-s", target, "VENV=venv", *options]
    done = subprocess.run(command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=True)
    found = dict(line.removeprefix("TRIPTYCH_").split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in found.items() if value}


def test_without_the_file_none_is_named(target: str, folder: Path) -> None:
    assert made(target, folder) == {"WEIGHTS": "auto", "PREPARE": "changed"}


def test_the_file_is_used_and_the_command_line_and_the_environment_win(target: str, folder: Path) -> None:
    (folder / "triptych.env").write_text("WORKERS=3\n")
    named = {"SETTINGS_FILE": "triptych.env", "WEIGHTS": "auto", "PREPARE": "changed"}
    assert made(target, folder) == named
    assert made(target, folder, "WORKERS=1") == named | {"WORKERS": "1"}
    assert made(target, folder, WORKERS="2") == named | {"WORKERS": "2"}


def test_the_file_wins_over_what_make_serve_says_by_itself(target: str, folder: Path) -> None:
    (folder / "triptych.env").write_text("#PREPARE=never\nTRIPTYCH_WEIGHTS = imagenet\n")
    assert made(target, folder) == {"SETTINGS_FILE": "triptych.env", "PREPARE": "changed"}
    assert made(target, folder, "WEIGHTS=random")["WEIGHTS"] == "random"


def test_another_file_can_be_named(target: str, folder: Path) -> None:
    (folder / "triptych.env").write_text("WEIGHTS=random\n")
    (folder / "other.env").write_text("PREPARE=never\n")
    named = {"SETTINGS_FILE": "other.env", "WEIGHTS": "auto"}
    assert made(target, folder, "SETTINGS_FILE=other.env") == named
    assert made(target, folder, SETTINGS_FILE="other.env") == named
    assert made(target, folder, "SETTINGS_FILE=/dev/null")["PREPARE"] == "changed", "none"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_file_that_begins_with_a_byte_order_mark_wins_too(target: str, folder: Path, locale: str) -> None:
    (folder / "triptych.env").write_text("WEIGHTS=imagenet\n# Löwe\n", encoding="utf-8-sig")
    command = ["make", "-s", target, "VENV=venv"]
    variables = environment() | {"LC_ALL": locale}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    assert "TRIPTYCH_WEIGHTS=auto" not in done.stdout
    assert "TRIPTYCH_PREPARE=changed" in done.stdout
