"""`models distill`: a student is taught by a prepared model, added, and served; what is cut off goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from models.distilling.history import HISTORY_FILE, Epoch, read_history
from models.distilling.lessons import Lessons, Record
from models.distilling.teach import teach
from models.engine_litert import LiteRtEngine
from models.labels import Label
from models.manifest import Manifest
from models.store import Store
from preprocessing.decode import decode
from preprocessing.spec import Resize
from preprocessing.transform import normalise, transform
from tests.conftest import ROOT
from tests.e2e.server import environment, run_flask, running, until
from tests.e2e.test_added import add
from tests.served import TREES

COLOURS = ((200, 40, 40), (40, 200, 40), (40, 40, 200), (200, 200, 40), (40, 200, 200))
EACH = 60


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder a class; each photo is its class's colour under noise. One file is no image."""
    folder, rng = tmp_path_factory.mktemp("photos"), np.random.default_rng(5)
    for name, colour in zip(TREES, COLOURS, strict=True):
        (folder / name).mkdir()
        for number in range(EACH):
            noisy = np.array(colour) + rng.normal(0, 60, (40, 50, 3))
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(folder / name / f"{name} {number}.png")
    (folder / TREES[0] / "broken.png").write_bytes(b"no image")
    return folder


@pytest.fixture(scope="module")
def cache(own_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CACHE_DIR with a teacher."""
    folder = tmp_path_factory.mktemp("cache")
    status, said = add(folder, own_files / "good.tflite")
    assert status == 0, said
    return folder


def distill(photos: Path, epochs: int, *options: str, name: str = "sapling") -> list[str]:
    """Return the arguments of the command."""
    return [
        "models", "distill", "--teacher", "trees", "--student", "resnet10", "--alpha", "0.125", "--size", "32",
        "--images", str(photos), "--epochs", str(epochs), "--batch", "16", "--hard", "1", "--name", name, *options,
    ]  # fmt: skip


def rows(cache: Path, name: str) -> tuple[Epoch, ...]:
    """The epochs that are on record of a course."""
    return next((read_history(file.parent) for file in (cache / "distilled" / name).glob(f"*/{HISTORY_FILE}")), ())


def facts(*what: str) -> Any:
    """What Keras says."""
    command = [sys.executable, "-m", "tests.e2e.distill_facts", *what]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def log_softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    """By its definition."""
    logarithms: NDArray[np.float64] = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logarithms


@pytest.mark.slow
def test_the_loss_is_hinton_s() -> None:
    found = facts("loss")
    logits, targets, temperature = np.array(found["logits"]), np.array(found["targets"]), found["temperature"]
    labels, teacher = targets[:, 0].astype(int), log_softmax(targets[:, 1:] / temperature)
    hard = -log_softmax(logits)[np.arange(len(labels)), labels]
    soft = (np.exp(teacher) * (teacher - log_softmax(logits / temperature))).sum(axis=1)
    assert len(found["losses"]) == 3
    for share, losses in found["losses"].items():
        wanted = float(share) * hard + (1 - float(share)) * temperature**2 * soft
        assert np.allclose(losses, wanted, atol=1e-4)


@pytest.mark.slow
def test_logits_are_float32_where_the_rest_is_not() -> None:
    for name, found in facts("mixed").items():
        assert found == ["float32", "float32", "bfloat16"], name


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
            for name in TREES
        ]
        assert sum(a == b for a, b in zip(found, TREES, strict=True)) >= 4
        assert server.get("/models/sapling").json()["taught"]["images"] == own.taught.images


@pytest.mark.slow
@pytest.mark.parametrize("options", [(), ("--mixed",)])
def test_without_labels_a_student_follows_its_teacher(cache: Path, photos: Path, options: tuple[str, ...]) -> None:
    """All photos are listed under wrong classes, which weigh nothing."""
    name = "follower" + "-mixed" * bool(options)
    other = dict(zip(TREES, (*TREES[1:], TREES[0]), strict=True))
    wrong = cache / "wrong.tsv"
    lines = [f"{path.relative_to(photos)}\t{other[path.parent.name]}" for path in photos.rglob("*.png")]
    wrong.write_text("\n".join(lines), encoding="utf-8")
    given = ("--labels", str(wrong), "--hard", "0", "--temperature", "1")
    command = distill(photos, 6, *given, *options, name=name)
    done = run_flask(*command, MODELS="trees", CACHE_DIR=str(cache))
    assert done.returncode == 0, done.stderr
    lessons = Lessons.read(cache / "distilled" / name / "lessons")
    build = Store(cache).folder(name, random=False)
    spec = Manifest.read(build).architecture().input
    start = (lessons.record.side - spec.height) // 2
    seen = lessons.images[:, start : start + spec.height, start : start + spec.width]
    scores = LiteRtEngine(build / "float32.tflite", spec, len(TREES)).run(normalise(seen, spec.normalisation))
    teacher = np.asarray(lessons.teacher).argmax(axis=1)
    assert len(set(teacher.tolist())) > 1, "else any student would do"
    assert (lessons.truths == teacher).mean() < 0.3
    assert (scores.argmax(axis=1) == teacher).mean() > 0.7, "0.96 in float32, 0.85 in bfloat16"


@pytest.mark.slow
def test_a_cut_off_does_not_make_it_more_patient() -> None:
    assert facts("patience") == {"0": 5, "3": 2}


@pytest.mark.slow
def test_what_is_cut_off_goes_on_as_if_nothing_had_been(cache: Path, photos: Path) -> None:
    settings = {"MODELS": "trees", "CACHE_DIR": str(cache)}
    command = [sys.executable, "-m", "flask", "--app", "app", *distill(photos, 8, name="cut")]
    with subprocess.Popen(command, cwd=ROOT, env=environment(**settings), stderr=subprocess.DEVNULL) as process:
        until(lambda: len(rows(cache, "cut")) >= 2, "an epoch", patience_s=120)
        os.kill(process.pid, signal.SIGKILL)
    time.sleep(1)  # its child ends with it: by the kernel's signal, which nobody can wait for
    before = rows(cache, "cut")
    assert 2 <= len(before) < 8
    lessons = (cache / "distilled/cut/lessons/lessons.json").stat().st_mtime_ns
    for name in ("cut", "whole", "cut"):
        done = run_flask(*distill(photos, 8, name=name), **settings)
        assert done.returncode == 0, done.stderr
    after = rows(cache, "cut")
    assert after[: len(before) - 1] == before[:-1], "the last may have been cut off before it was kept"
    assert (cache / "distilled/cut/lessons/lessons.json").stat().st_mtime_ns == lessons, "the teacher looks once"
    wanted = rows(cache, "whole")
    assert [epoch.epoch for epoch in after] == [epoch.epoch for epoch in wanted] == list(range(8))
    for cut, whole in zip(after, wanted, strict=True):
        assert cut.loss == pytest.approx(whole.loss, rel=0.1, abs=0.02), "no two runs on two cores add up alike"
    assert facts("steps", str(cache / "distilled/cut")) == facts("steps", str(cache / "distilled/whole")) > 0


def test_a_student_learns_of_its_own_classes_what_the_teacher_says(cache: Path, photos: Path, tmp_path: Path) -> None:
    labels = tuple(Label(name, name) for name in TREES[3:0:-1])
    record = Record(teacher="trees", teacher_version="1", side=37, photos="x", labels=labels)
    build = Store(cache).folder("trees", random=False)
    spec = Manifest.read(build).architecture().input
    seen = sorted(photos.rglob("* 1.png"))
    unread = teach(
        lambda *_: None,
        record=record.model_dump_json(),
        photos=[(str(path), path.name, 0) for path in (*seen, tmp_path / "absent.png")],
        artifact=str(build / "float32.tflite"),
        spec=spec,
        teacher_classes=len(TREES),
        columns=[3, 2, 1],
        cores=1,
        folder=str(tmp_path),
    )
    assert unread == 1
    lessons, engine = Lessons.read(tmp_path), LiteRtEngine(build / "float32.tflite", spec, len(TREES))
    for path, taught in zip(seen, lessons.teacher, strict=True):
        scores = engine.run(transform(decode(path.read_bytes()), spec, Resize.CROP)[np.newaxis])[0]
        assert np.allclose(np.exp(taught.astype(np.float32)), scores[[3, 2, 1]], atol=2e-3)


BAD = [
    (["--teacher", "nobody"], "nobody is not in MODELS"),
    (["--temperature", "0"], "not in the range x>0"),
    pytest.param(["--student", "vgg16"], "comes in one width", marks=pytest.mark.slow),
    (["--name", "resnet50"], "is a network of the catalog"),
    (["--images", "/nowhere"], "is no folder"),
]


@pytest.mark.parametrize(("options", "says"), BAD)
def test_what_can_not_be_taught_says_why(options: list[str], says: str, cache: Path, photos: Path) -> None:
    done = run_flask(*distill(photos, 1, *options), MODELS="trees", CACHE_DIR=str(cache))
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
