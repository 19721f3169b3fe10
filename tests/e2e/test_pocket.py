"""With no weights and no internet the model in the box answers, and tells a dog."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.bundled import POCKET, POCKET_FILE, pocket
from models.catalog import CATALOG
from models.file_record import file_hash
from tests.e2e.server import Server, run_flask, running
from tests.e2e.test_service import PNG

MB = 1 << 20
THREE = ("vgg16", "resnet50", "inceptionv3")
DOGS = {label.name for label in CATALOG["resnet50"].labels[151:269]}  # Chihuahua to Mexican hairless
BOXED = {"MODELS": ",".join(THREE), "WEIGHTS": "auto", "PREPARE": "changed", "WORKERS": "1"}


@pytest.fixture(scope="module")
def boxed(offline: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A service on a machine that has nothing but this checkout."""
    folder = tmp_path_factory.mktemp("boxed")
    with running(folder / "log", **BOXED, CACHE_DIR=str(folder)) as server:
        yield server


def test_it_fits_in_the_box() -> None:
    assert POCKET_FILE.stat().st_size <= 4 * MB
    assert len(pocket().labels) == 200


def test_it_answers_who_asks_for_no_network_in_particular(boxed: Server) -> None:
    answer = boxed.predict(PNG).json()
    assert (answer["model"], answer["weights"]) == (POCKET, "pocket")
    assert boxed.get("/models").json()["default"] == POCKET
    assert boxed.get("/readyz").status_code == 200
    assert "which knows 200 kinds of things" in boxed.log.read_text()


def test_it_says_what_it_is(boxed: Server) -> None:
    found = boxed.get("/models/pocket").json()
    assert found["weights"] == {"source": "pocket", "sha256": file_hash(POCKET_FILE, "sha256")}
    assert (found["input"]["height"], found["classes"]) == (64, 200)
    assert found["taught"]["teacher"] == "mobilenetv2"
    assert found["taught"]["top1"] > 0.4


@pytest.mark.parametrize("name", THREE)
def test_the_others_say_what_they_lack(boxed: Server, name: str) -> None:
    answer = boxed.predict(PNG, model=name)
    assert (answer.status_code, answer.json()["code"]) == (503, "weights_missing")
    assert CATALOG[name].keras.url in answer.json()["detail"]


def test_all_means_the_one_that_can_answer(boxed: Server) -> None:
    answer = boxed.predict(PNG, model="all").json()
    assert answer["models"].keys() == {POCKET}


def dogs(boxed: Server, shared: Path, name: str) -> list[bool]:
    """Of each of the labels of a photo whether it is a dog's."""
    answer = boxed.predict((shared / "photos" / f"{name}.JPEG").read_bytes()).json()
    return [result["class"] in DOGS for result in answer["results"]]


def test_a_dog_is_a_dog(boxed: Server, shared: Path) -> None:
    """Of a breed that is none of its classes."""
    assert dogs(boxed, shared, "n02108915_French_bulldog")[0]


@pytest.mark.parametrize("name", ["n02099601_golden_retriever", "n02099712_Labrador_retriever"])
def test_a_dog_is_among_three_labels(boxed: Server, shared: Path, name: str) -> None:
    """First it says bear and chimpanzee: dogs are hard for it (its card)."""
    assert any(dogs(boxed, shared, name))


def test_its_name_is_taken(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\n")
    done = run_flask(
        "models", "add", POCKET, "--file", str(POCKET_FILE), "--labels", str(tmp_path / "labels.txt"),
        "--size", "64", "--normalise", "tf", CACHE_DIR=str(tmp_path),
    )  # fmt: skip
    assert done.returncode == 1
    assert "pocket can't be a name" in done.stderr
