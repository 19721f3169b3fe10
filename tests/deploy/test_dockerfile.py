"""The Dockerfile and its .dockerignore, read: what would otherwise show only where there is an engine."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

from config import Settings, load_settings
from tests.conftest import ROOT
from tests.deploy.dockerfile import Run, Stage, is_ignored, patterns
from tests.deploy.image import NOT_REPLAYED, copies, our_stages

NAMES = ("app.py", "gunicorn.conf.py")  # what Gunicorn and flask begin with
PREPARING = ("models/convert.py", "models/quantise.py", "models/judge.py")  # named by models.prepare, for a child
PINNED = re.compile(r"([\w.-]+)(?:\[[\w-]+\])?==(\S+)")


@pytest.fixture
def found() -> dict[str, Stage]:
    return our_stages()


def imported(path: Path) -> Iterator[str]:
    """The files, as they would lie below ROOT, that a module may import."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            file = name.replace(".", "/")
            yield from (f"{file}.py", f"{file}/__init__.py")


def needed(*starts: str) -> set[str]:
    """Our modules that *starts* bring in, themselves among them; also what is imported inside a function."""
    seen: set[str] = set()
    todo = list(starts)
    while todo:
        name = todo.pop()
        if name not in seen and (ROOT / name).is_file():
            seen.add(name)
            todo += imported(ROOT / name)
    packages = {f"{parent}/__init__.py" for name in seen for parent in PurePosixPath(name).parents}
    return seen | {name for name in packages if (ROOT / name).is_file()}


def present(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def commands(stage: Stage) -> list[str]:
    return [command for step in stage.steps if isinstance(step, Run) for command in step.commands]


def pins(name: str) -> dict[str, str]:
    lines = (ROOT / name).read_text().splitlines()
    return {match[1]: match[2] for line in lines if (match := PINNED.fullmatch(line))}


def test_the_image_made_without_a_target_is_the_one_for_cpus(found: dict[str, Stage]) -> None:
    assert list(found)[-1] == "serve"
    assert {stage.base for stage in found.values()} == {"python:3.11-slim-bookworm", "scratch"}


def test_all_that_the_service_imports_or_reads_is_copied(found: dict[str, Stage], tmp_path: Path) -> None:
    copies(found["code"], tmp_path)
    here, modules = present(tmp_path / "app"), needed(*NAMES)
    assert modules - here == set()
    folders = {PurePosixPath(name).parts[0] for name in modules if "/" in name}
    for folder in folders:
        data = {f"{folder}/{name}" for name in present(ROOT / folder) if not name.endswith((".py", ".pyc"))}
        assert data - here == set()
    assert folders == {name.split("/")[0] for name in here if "/" in name}, "and no more"


def test_all_that_preparing_imports_is_copied_and_a_change_of_the_page_prepares_nothing_anew(
    found: dict[str, Stage], tmp_path: Path
) -> None:
    copies(found["prepare"], tmp_path)
    here = present(tmp_path / "app")
    (prepare,) = (command for command in commands(found["prepare"]) if "python -m " in command)
    module = prepare.partition("python -m ")[2].replace(".", "/")
    assert needed(f"{module}.py", *PREPARING) - here == set()
    assert not [name for name in here if name.startswith(("web/", "app.py", "wiring"))]


@pytest.mark.parametrize("name", ["serve", "gpu"])
def test_the_service_runs_as_a_numbered_user_under_an_init_and_is_asked_whether_it_is_ready(
    found: dict[str, Stage], name: str
) -> None:
    stage = found[name]
    user, group = stage.user.split(":")
    assert user.isdecimal()  # Kubernetes' runAsNonRoot can't tell who a name is
    assert int(user) > 0
    (added,) = (command for command in commands(stage) if command.startswith("useradd"))
    assert f"--uid {user} --gid {group}" in added
    assert any(command.startswith("apt-get install") and command.endswith(" tini") for command in commands(stage))
    assert (stage.entrypoint, stage.command) == (("tini", "--"), ("gunicorn", "app:app"))
    assert stage.stopsignal == "SIGTERM"
    assert "/readyz" in stage.healthcheck[-1]
    assert float(stage.patience["timeout"].removesuffix("s")) > Settings().deadline_s


@pytest.mark.parametrize("name", ["serve", "gpu"])
def test_the_service_takes_the_image_s_settings(found: dict[str, Stage], name: str) -> None:
    settings = load_settings(found[name].env)
    assert settings.models == Settings().models
    assert settings.prepare == "never"
    assert settings.cache_dir == Path("/models")


def test_every_command_is_one_that_the_replay_knows(found: dict[str, Stage]) -> None:
    for command in commands(found["serve"]):
        assert command.split()[0] in (*NOT_REPLAYED, "pip", "python", "chmod")


def test_what_the_stages_install_is_pinned_as_for_everybody(found: dict[str, Stage]) -> None:
    everything, serve, gpu = (pins(f"requirements{kind}.txt") for kind in ("", "-serve", "-gpu"))
    assert not {"tensorflow", "keras", "ai-edge-quantizer"} & serve.keys()
    assert {name: everything.get(name, version) for name, version in gpu.items()} == gpu
    assert {"tensorflow", "keras", "nvidia-cudnn-cu12"} <= gpu.keys()
    assert [command for command in commands(found["serve"]) if command.startswith("pip")] == [
        "pip install --no-cache-dir -r requirements-serve.txt"
    ]
    (install,) = (command for command in commands(found["prepare"]) if command.startswith("pip"))
    assert {*install.partition("-c requirements.txt")[2].split()} <= everything.keys()


def test_a_dry_run_is_asked_for_by_build_arguments() -> None:
    dry = our_stages(WEIGHTS="random", MODELS="mobilenetv2")
    assert dry["prepare"].args == {"WEIGHTS": "random", "MODELS": "mobilenetv2"}
    assert dry["serve"].env["TRIPTYCH_WEIGHTS"] == "random"
    assert dry["serve"].env["TRIPTYCH_MODELS"] == "mobilenetv2"


def test_neither_keys_nor_settings_of_this_machine_reach_a_build() -> None:
    ignored = patterns(ROOT / ".dockerignore")
    for name in ("triptych.env", ".env", "keys.json", ".git/config", ".venv/bin/python", "tests/conftest.py"):
        assert is_ignored(PurePosixPath(name), ignored), name
    assert is_ignored(PurePosixPath("models/__pycache__/store.cpython-311.pyc"), ignored)
    for name in ("app.py", "web/openapi.yaml", "weights/vgg16.weights.h5", "requirements-gpu.txt"):
        assert not is_ignored(PurePosixPath(name), ignored), name
