"""What `make serve` says to Gunicorn, and `make worker` to flask, in a folder with or without triptych.env.

A shell script is the Gunicorn, and the flask; in what `make test` installs first, npm and Python too.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import environment
from tests.needed import needs

NODE = ("tests/browser/package.json", "tests/browser/package-lock.json")
NPM = '#!/bin/sh\necho npm "$@"\nmkdir -p tests/browser/node_modules\n'
PROGRAMS = ("make", "sh", "mkdir", "touch")  # all that `make test` needs beside npm and Python


@pytest.fixture(params=["serve", "worker"])
def target(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    needs("make")
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "venv/bin").mkdir(parents=True)
    for program in ("gunicorn", "flask"):
        (tmp_path / "venv/bin" / program).write_text('#!/bin/sh\nenv | grep "^TRIPTYCH_"\n')
        (tmp_path / "venv/bin" / program).chmod(0o755)
    (tmp_path / "tests/browser").mkdir(parents=True)
    for name in (
        "requirements.txt",
        "requirements-serve.txt",
        "requirements-jax.txt",
        "venv/.installed",
        "venv/.installed-jax",
        *NODE,
    ):
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


@pytest.fixture
def programs(folder: Path) -> Path:
    """All there is on the PATH; npm is not."""
    (folder / "bin").mkdir()
    for name in PROGRAMS:
        (folder / "bin" / name).symlink_to(shutil.which(name) or name)
    script(folder / "venv/bin/python", '#!/bin/sh\necho python "$@"\n')
    return folder / "bin"


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def printed(folder: Path, target: str) -> list[str]:
    """The first words of the lines that `make target` prints."""
    variables = environment() | {"PATH": str(folder / "bin")}
    command = [str(folder / "bin/make"), "-s", target, "VENV=venv"]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=True)
    return [line.split()[0] for line in (done.stdout + done.stderr).splitlines()]


def test_what_npm_brings_is_installed_before_the_tests_and_once(folder: Path, programs: Path) -> None:
    script(programs / "npm", NPM)
    assert printed(folder, "test") == ["npm", "python"]
    assert printed(folder, "test") == ["python"]
    os.utime(folder / "tests/browser/node_modules/.installed", (0, 0))  # older than the lock now
    assert printed(folder, "test") == ["npm", "python"]


def test_without_npm_the_tests_run(folder: Path, programs: Path) -> None:
    assert not (programs / "npm").exists()
    assert printed(folder, "test") == ["python"]


def test_where_npm_fails_the_tests_run_and_it_is_tried_again(folder: Path, programs: Path) -> None:
    script(programs / "npm", NPM + "exit 1\n")
    for _ in range(2):
        assert printed(folder, "test") == ["npm", "python", "npm"], "the last: what make says of it"


def test_only_the_tests_ask_npm(folder: Path) -> None:
    def asked(target: str) -> bool:
        command = ["make", "-n", target, "VENV=venv"]
        return "npm" in subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout

    assert asked("test")
    assert not any(map(asked, ("setup", "serve", "worker", "test-slow", "bench", "format")))
