"""What `make serve` says to Gunicorn, in a folder with or without triptych.env; a shell script is the Gunicorn."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import environment

NAMES = ("SETTINGS_FILE", "WEIGHTS", "PREPARE", "WORKERS")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if not shutil.which("make"):
        pytest.skip("needs make")
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.txt", "requirements-serve.txt", "venv/bin/gunicorn", "venv/.installed"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "venv/bin/gunicorn").write_text('#!/bin/sh\nenv | grep "^TRIPTYCH_"\n')
    (tmp_path / "venv/bin/gunicorn").chmod(0o755)
    return tmp_path


def serve(folder: Path, *options: str, **settings: str) -> dict[str, str]:
    """The settings that Gunicorn gets; empty ones count as unset."""
    command = ["make", "-s", "serve", "VENV=venv", *options]
    done = subprocess.run(command, cwd=folder, env=environment(**settings), capture_output=True, text=True, check=True)
    found = dict(line.removeprefix("TRIPTYCH_").split("=", 1) for line in done.stdout.splitlines())
    return {name: value for name, value in found.items() if value}


def test_without_the_file_none_is_named(folder: Path) -> None:
    assert serve(folder) == {"WEIGHTS": "auto", "PREPARE": "changed"}


def test_the_file_is_used_and_the_command_line_and_the_environment_win(folder: Path) -> None:
    (folder / "triptych.env").write_text("WORKERS=3\n")
    named = {"SETTINGS_FILE": "triptych.env", "WEIGHTS": "auto", "PREPARE": "changed"}
    assert serve(folder) == named
    assert serve(folder, "WORKERS=1") == named | {"WORKERS": "1"}
    assert serve(folder, WORKERS="2") == named | {"WORKERS": "2"}


def test_the_file_wins_over_what_make_serve_says_by_itself(folder: Path) -> None:
    (folder / "triptych.env").write_text("#PREPARE=never\nTRIPTYCH_WEIGHTS = imagenet\n")
    assert serve(folder) == {"SETTINGS_FILE": "triptych.env", "PREPARE": "changed"}
    assert serve(folder, "WEIGHTS=random")["WEIGHTS"] == "random"


def test_another_file_can_be_named(folder: Path) -> None:
    (folder / "triptych.env").write_text("WEIGHTS=random\n")
    (folder / "other.env").write_text("PREPARE=never\n")
    named = {"SETTINGS_FILE": "other.env", "WEIGHTS": "auto"}
    assert serve(folder, "SETTINGS_FILE=other.env") == named
    assert serve(folder, SETTINGS_FILE="other.env") == named
    assert serve(folder, "SETTINGS_FILE=/dev/null")["PREPARE"] == "changed", "none"


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_a_file_that_begins_with_a_byte_order_mark_wins_too(folder: Path, locale: str) -> None:
    (folder / "triptych.env").write_text("WEIGHTS=imagenet\n# Löwe\n", encoding="utf-8-sig")
    command = ["make", "-s", "serve", "VENV=venv"]
    variables = environment() | {"LC_ALL": locale}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    assert "TRIPTYCH_WEIGHTS=auto" not in done.stdout
    assert "TRIPTYCH_PREPARE=changed" in done.stdout
