"""What the first stage makes, by its own command, from what it copies: minutes long, run by make test-slow."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.dockerfile import Run
from tests.deploy.image import Image, copies, our_stages
from tests.e2e.server import environment, run_flask

pytestmark = pytest.mark.slow


def test_the_prepare_stage_makes_the_portable_half_and_nothing_of_this_machine_s(tmp_path: Path) -> None:
    stage = our_stages(WEIGHTS="random", MODELS="mobilenetv2")["prepare"]
    image = Image(tmp_path, stage)
    copies(stage, tmp_path)
    step = next(step for step in reversed(stage.steps) if isinstance(step, Run))
    (command,) = step.commands
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    shell = ["sh", "-c", image.mapped(command)]
    subprocess.run(shell, cwd=image.app, env=environment() | {**step.env, "PATH": path}, check=True)
    made = tmp_path / "models/models/mobilenetv2/random"
    assert (made / "manifest.json").is_file()
    assert not (made / "machine").exists()
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(tmp_path / "models")}
    assert run_flask("models", "verify", **settings).stdout == "mobilenetv2: good\n"
