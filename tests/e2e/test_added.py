"""`models add`: a model of the operator's own is made ready, served under its labels, and refused where it can't be."""

from pathlib import Path

import numpy as np
import pytest

from models.engine_litert import LiteRtEngine
from models.known_answers import KnownAnswers
from models.manifest import Manifest, Precision
from models.store import Store
from preprocessing.spec import InputSpec, Normalisation
from preprocessing.transform import normalise
from tests.e2e.server import run_flask, running
from tests.pictures import encode, photo_like
from tests.served import TREES

SPEC = InputSpec(32, 32, Normalisation.TORCH)
PHOTO = encode(photo_like(60, 80), "JPEG", quality=90)


def add(cache: Path, file: Path, name: str = "trees", labels: str = "labels.txt", size: str = "32") -> tuple[int, str]:
    """Return the exit status and what was said."""
    options = ["--file", str(file), "--labels", str(file.parent / labels), "--size", size, "--normalise", "torch"]
    done = run_flask("models", "add", name, *options, CACHE_DIR=str(cache))
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def added(own_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CACHE_DIR in which `trees` was added from a `.keras`."""
    cache = tmp_path_factory.mktemp("cache")
    status, said = add(cache, own_files / "good.keras")
    assert status == 0, said
    assert "serve it with MODELS=trees" in said
    return cache


def test_it_is_served_under_its_own_labels(added: Path, tmp_path: Path) -> None:
    with running(tmp_path / "log", MODELS="trees", CACHE_DIR=str(added), WORKERS="1", PRECISION="float32") as server:
        answer = server.predict(PHOTO, top="10").json()
        assert {(each["id"], each["class"]) for each in answer["results"]} == {
            (f"t{number}", name) for number, name in enumerate(TREES)
        }
        assert sum(each["prob"] for each in answer["results"]) == pytest.approx(1, abs=1e-4)
        assert (answer["model"], answer["weights"]) == ("trees", "file")
        model = server.get("/models/trees").json()
        assert model["input"] == {"height": 32, "width": 32, "preprocessing": "torch"}
        assert (model["state"], model["classes"], model["published_accuracy"]) == ("ready", 5, None)


KINDS = ["good.tflite"] + [pytest.param(k, marks=pytest.mark.slow) for k in ("good_saved_model", "any_size.keras")]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_gives_the_same_answers(kind: str, own_files: Path, added: Path, tmp_path: Path) -> None:
    status, said = add(tmp_path, own_files / kind)
    assert status == 0, said
    known = KnownAnswers.read(Store(added).folder("trees", random=False))
    engine = LiteRtEngine(Store(tmp_path).folder("trees", random=False) / "float32.tflite", SPEC, len(TREES))
    wanted = known.scores[Precision.FLOAT32]
    assert len(set(wanted.argmax(axis=1).tolist())) > 1, "else any model would do"
    assert np.abs(engine.run(normalise(known.images, SPEC.normalisation)) - wanted).max() < 1e-5


BAD = [
    ("good.tflite", {"labels": "four.txt"}, "[1, 5] float32; wanted is [1, 32, 32, 3] float32 -> [1, 4]"),
    ("good.tflite", {"labels": "twice.txt"}, "a is there twice"),
    ("good.tflite", {"labels": "gap.txt"}, "line 3: no class"),
    ("good.tflite", {"size": "48"}, "is [1, 32, 32, 3]"),
    ("good.tflite", {"name": "resnet50"}, "resnet50 is a network of the catalog"),
    ("good.tflite", {"name": "all"}, "all can't be a name"),
    ("good.tflite", {"name": "../trees"}, "../trees can't be a name"),
    ("larger.tflite", {}, "is [1, 48, 48, 3]"),
    ("logits.tflite", {}, "end it with a softmax"),
    ("quantised.tflite", {}, "is quantised"),
    ("two_outputs.TFLITE", {}, "it has 1 inputs and 2 outputs"),
    ("rubbish.tflite", {}, "can't read rubbish.tflite"),
    pytest.param("rubbish.keras", {}, "is no model of Keras", marks=pytest.mark.slow),
    pytest.param("logits.keras", {}, "end it with a softmax", marks=pytest.mark.slow),
    pytest.param("two_outputs", {}, "1 inputs and 2 outputs", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("file", "options", "says"), BAD)
def test_what_can_not_be_served_is_refused_and_changes_nothing(
    file: str, options: dict[str, str], says: str, own_files: Path, tmp_path: Path
) -> None:
    status, said = add(tmp_path, own_files / file, **options)
    assert status == 1
    assert says in said
    assert "Traceback" not in said
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != ".lock"] == []


def test_a_bad_one_leaves_the_one_that_was_added_before(added: Path, own_files: Path) -> None:
    before = Manifest.read(Store(added).folder("trees", random=False))
    assert add(added, own_files / "logits.tflite")[0] == 1
    assert Manifest.read(Store(added).folder("trees", random=False)) == before


def test_a_start_with_a_name_that_nobody_knows_says_where_it_was_looked_for(tmp_path: Path) -> None:
    done = run_flask("models", "list", MODELS="trees", CACHE_DIR=str(tmp_path))
    assert done.returncode == 1
    assert f"trees is none of the networks that README lists, and was not added to CACHE_DIR={tmp_path}" in done.stderr
