"""`models distill`: a student is taught by a prepared model, added, and served; what is cut off goes on."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.distilling.history import HISTORY_FILE
from models.manifest import Manifest
from models.store import Store
from tests.conftest import ROOT
from tests.e2e.server import environment, run_flask, running, until
from tests.e2e.test_added import CLASSES, add, files  # noqa: F401  # the fixture

COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40), (40, 200, 200))
EACH = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a class; each photo is its class's colour under noise. One file is no image."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(5)
    for name, colour in zip(CLASSES, COLOURS, strict=True):
        (folder / name).mkdir()
        for number in range(EACH):
            noisy = np.array(colour) + rng.normal(0, 60, (40, 50, 3))
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / name / f"{name} {number}.png")
    (folder / CLASSES[0] / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def cache(files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """A CACHE_DIR with a teacher."""
    folder = tmp_path_factory.mktemp("cache")
    status, said = add(folder, files / "good.tflite")
    assert status == 0, said
    return folder


def distill(photos: Path, epochs: int, *options: str, name: str = "sapling") -> list[str]:
    """Return the arguments of the command."""
    return [
        "models", "distill", "--teacher", "trees", "--student", "resnet10", "--alpha", "0.125", "--size", "32",
        "--images", str(photos), "--epochs", str(epochs), "--batch", "16", "--hard", "1", "--name", name, *options,
    ]  # fmt: skip


def history(cache: Path) -> list[dict[str, str]]:
    """The epochs that are on record of the course that was cut off."""
    (file,) = (cache / "distilled/cut").glob(f"*/{HISTORY_FILE}")
    with file.open() as lines:
        return list(csv.DictReader(lines))


@pytest.mark.slow
def test_a_student_learns_is_added_and_served(cache: Path, photos: Path) -> None:
    done = run_flask(*distill(photos, 4), MODELS="trees", CACHE_DIR=str(cache))
    assert done.returncode == 0, done.stderr
    assert "1 of 301 photos could not be read" in done.stderr
    assert "epoch 4 of 4" in done.stderr
    assert "serve it with MODELS=sapling" in done.stdout
    (curves,) = (cache / "distilled/sapling").glob("*/curves.png")
    with Image.open(curves) as picture:
        assert picture.size[0] > 600
    own = Manifest.read(Store(cache).folder("sapling", random=False)).own
    assert own
    assert own.taught
    assert own.taught.teacher == "trees"
    assert own.taught.top1 > 0.8, "five colours"
    assert own.taught.top1 > own.taught.teacher_top1, "which knows nothing of them"
    with running(cache / "log", MODELS="sapling", CACHE_DIR=str(cache), WORKERS="1", PRECISION="float32") as server:
        found = [
            server.predict((photos / name / f"{name} 0.png").read_bytes()).json()["results"][0]["class"]
            for name in CLASSES
        ]
        assert sum(a == b for a, b in zip(found, CLASSES, strict=True)) >= 4
        assert server.get("/models/sapling").json()["taught"]["images"] == own.taught.images


@pytest.mark.slow
def test_what_is_cut_off_goes_on_after_its_last_whole_epoch(cache: Path, photos: Path) -> None:
    command = [sys.executable, "-m", "flask", "--app", "app", *distill(photos, 30, name="cut")]
    variables = environment(MODELS="trees", CACHE_DIR=str(cache))
    with subprocess.Popen(command, cwd=ROOT, env=variables, stderr=subprocess.DEVNULL) as process:
        until(lambda: list(cache.glob(f"distilled/cut/*/{HISTORY_FILE}")) and len(history(cache)) >= 2, "an epoch")
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(1)  # its child ends with it: by the kernel's signal, which nobody can wait for
    before = history(cache)
    assert 2 <= len(before) < 30
    lessons = (cache / "distilled/cut/lessons/lessons.json").stat().st_mtime_ns
    done = run_flask(*distill(photos, 30, name="cut"), MODELS="trees", CACHE_DIR=str(cache))
    assert done.returncode == 0, done.stderr
    after = history(cache)
    assert after[: len(before)] == before
    assert [int(row["epoch"]) for row in after] == list(range(len(after)))
    assert (cache / "distilled/cut/lessons/lessons.json").stat().st_mtime_ns == lessons, "the teacher looks once"


BAD = [
    (["--teacher", "nobody"], "nobody"),
    pytest.param(["--student", "vgg16"], "comes in one width", marks=pytest.mark.slow),
    (["--name", "resnet50"], "is a network of the catalog"),
    (["--images", "/nowhere"], "is no folder"),
]


@pytest.mark.parametrize(("options", "says"), BAD)
def test_what_can_not_be_taught_says_why(options: list[str], says: str, cache: Path, photos: Path) -> None:
    done = run_flask(*distill(photos, 1, *options), MODELS="trees", CACHE_DIR=str(cache))
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
