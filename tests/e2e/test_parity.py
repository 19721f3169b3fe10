"""The answers are Keras's: within 1e-4, with the same three labels first, for every architecture.

On conditioned random weights, over HTTP, twenty PNGs of exactly the input size. The controls break one thing in our
own road (normalisation, channel order, size) and must be found out.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalog import CATALOG
from models.classifier import Classifier
from models.engine import Batch, Engine, Scores
from models.engine_litert import LiteRtEngine
from models.engines import Device, EngineKind, engine_maker
from models.errors import EngineError
from models.known_answers import generated_images
from models.labels import imagenet_labels
from models.machine import BESIDE
from models.manifest import RANDOM_WEIGHTS_FILE, Manifest, Precision
from models.store import Store
from models.top_k import top_k
from preprocessing.spec import InputSpec, Normalisation, Resize
from tests.ahead import FOUR
from tests.conftest import ROOT
from tests.e2e.server import Server, environment
from tests.fakes import a_road
from tests.pictures import encode

COUNT, TOP, TOLERANCE, LEAST_DIFFERENT = 20, 10, 1e-4, 5
NAMES, SCORES = FOUR.split(","), "scores.npz"
INDEX = {label.id: index for index, label in enumerate(imagenet_labels())}

Answers = Sequence[Sequence[tuple[str, float]]]  # for each image: (id, prob), best first


class Oracle(NamedTuple):
    """By model name: images (N, h, w, 3) uint8 and Keras's scores (N, classes)."""

    images: dict[str, NDArray[np.uint8]]
    scores: dict[str, Scores]


@pytest.fixture(scope="module")
def oracle(random_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Oracle:
    """Keras takes 20 s: what it answered is kept beside the prepared models, for these images, weights and releases."""
    folder, store = tmp_path_factory.mktemp("oracle"), Store(random_cache)
    specs = {name: CATALOG[name].input for name in NAMES}
    images = {name: generated_images(COUNT, spec.height, spec.width, seed=42) for name, spec in specs.items()}
    files = {name: store.folder(name, random=True) / RANDOM_WEIGHTS_FILE for name in NAMES}
    kept = random_cache / f"oracle-{key(images, files)}.npz"
    if not kept.exists():
        ask_keras(images, files, folder)
        copy = shutil.copy(folder / SCORES, kept.with_suffix(f".{os.getpid()}"))
        os.replace(copy, kept)  # whole, or not there
    return Oracle(images, dict(np.load(kept)))


def ask_keras(images: dict[str, NDArray[np.uint8]], files: dict[str, Path], folder: Path) -> dict[str, Scores]:
    """Return Keras's scores by model name; *files* are the weights. *folder* is for what goes to and fro."""
    np.savez(folder / "images.npz", **images)  # type: ignore[arg-type]  # numpy's stubs
    weights = [f"{name}={file}" for name, file in files.items()]
    command = [sys.executable, "-m", "tests.e2e.oracle", str(folder / "images.npz"), str(folder / SCORES), *weights]
    done = subprocess.run(command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(np.load(folder / SCORES))


def key(images: dict[str, NDArray[np.uint8]], files: dict[str, Path]) -> str:
    """All that Keras's answers depend on, in a few letters."""
    digest = hashlib.sha256(repr([version(each) for each in ("keras", "tensorflow", "numpy")]).encode())
    for source in ("tests/e2e/oracle.py", "models/catalog.py"):
        digest.update((ROOT / source).read_bytes())
    for name, file in files.items():
        digest.update(images[name].tobytes())
        with file.open("rb") as weights:
            digest.update(hashlib.file_digest(weights, "sha256").digest())
    return digest.hexdigest()[:16]


def assert_parity(answers: Answers, scores: Scores) -> float:
    """Assert that the answers are those of *scores*; return the largest difference of a probability."""
    worst = 0.0
    for answer, wanted in zip(answers, scores, strict=True):
        worst = max(worst, *(abs(prob - float(wanted[INDEX[label]])) for label, prob in answer))
        best = np.argsort(-wanted, kind="stable")[:3]
        assert [INDEX[label] for label, _ in answer[:3]] == best.tolist()
    assert worst <= TOLERANCE
    return worst


@pytest.mark.parametrize("name", NAMES)
def test_over_http_the_answers_are_keras_s(four: Server, oracle: Oracle, name: str) -> None:
    answers = []
    for image in oracle.images[name]:
        body: dict[str, Any] = four.predict(encode(image, "PNG"), model=name, resize="squash", top=str(TOP)).json()
        answers.append([(result["id"], result["prob"]) for result in body["results"]])
    worst = assert_parity(answers, oracle.scores[name])
    different = len({answer[0][0] for answer in answers})
    print(f"parity {name}: largest difference {worst:.1e}, {different} different top-1 of {COUNT}")
    assert different >= LEAST_DIFFERENT


class Flipped:
    """RGB where BGR belongs, and the other way round."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self.spec = engine, engine.spec

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        return self._engine.run(np.ascontiguousarray(batch[..., ::-1]), threads)


class Fed:
    """An engine that is given what *spec* says."""

    def __init__(self, engine: Engine, spec: InputSpec) -> None:
        self._engine, self.spec = engine, spec

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        return self._engine.run(batch, threads)


CONTROL = 4  # images: one that differs is enough


def answers_with(spec: InputSpec, engine: Engine, images: NDArray[np.uint8]) -> Answers:
    network = {"it": Classifier(Fed(engine, spec), imagenet_labels())}
    uploads = [encode(image, "PNG") for image in images]
    answers = []
    for opinion in a_road().classify(uploads, network, Resize.SQUASH):
        if opinion.error:
            raise opinion.error
        answers.append([(p.id, p.prob) for p in top_k(opinion.scores["it"], imagenet_labels(), TOP)])
    return answers


@pytest.fixture(scope="module")
def engines(random_cache: Path) -> Callable[[str], Engine]:
    """Each is loaded once: VGG16 takes most of a second."""

    @cache
    def load(name: str) -> Engine:
        artifact = Store(random_cache).folder(name, random=True) / Precision.FLOAT32.file
        return LiteRtEngine(artifact, CATALOG[name].input, classes=1000)

    return load


@pytest.fixture
def engine(name: str, engines: Callable[[str], Engine]) -> Engine:
    return engines(name)


@pytest.mark.parametrize("name", NAMES)
def test_the_controls_start_from_parity(name: str, engine: Engine, oracle: Oracle) -> None:
    assert_parity(
        answers_with(CATALOG[name].input, engine, oracle.images[name][:CONTROL]), oracle.scores[name][:CONTROL]
    )


@pytest.mark.parametrize("name", NAMES)
def test_swapped_normalisations_are_found_out(name: str, engine: Engine, oracle: Oracle) -> None:
    spec = CATALOG[name].input
    other = Normalisation.TF if spec.normalisation is Normalisation.CAFFE else Normalisation.CAFFE
    answers = answers_with(replace(spec, normalisation=other), engine, oracle.images[name][:CONTROL])
    with pytest.raises(AssertionError):
        assert_parity(answers, oracle.scores[name][:CONTROL])


@pytest.mark.parametrize("name", NAMES)
def test_swapped_channels_are_found_out(name: str, engine: Engine, oracle: Oracle) -> None:
    answers = answers_with(CATALOG[name].input, Flipped(engine), oracle.images[name][:CONTROL])
    with pytest.raises(AssertionError):
        assert_parity(answers, oracle.scores[name][:CONTROL])


@pytest.mark.parametrize("name", NAMES)
def test_a_swapped_input_size_is_refused_at_load_and_in_a_request(
    name: str, engine: Engine, oracle: Oracle, random_cache: Path
) -> None:
    size = 299 if CATALOG[name].input.height == 224 else 224
    swapped = replace(CATALOG[name].input, height=size, width=size)
    artifact = Store(random_cache).folder(name, random=True) / Precision.FLOAT32.file
    with pytest.raises(EngineError, match="wanted is"):
        LiteRtEngine(artifact, swapped, classes=1000)
    with pytest.raises(EngineError, match="shape"):
        answers_with(swapped, engine, oracle.images[name][:1])


@pytest.mark.parametrize("name", NAMES)
def test_kept_tables_change_no_score(name: str, random_cache: Path) -> None:
    artifact, spec = Store(random_cache).folder(name, random=True) / Precision.INT8.file, CATALOG[name].input
    batch = np.random.default_rng(0).random((1, spec.height, spec.width, 3), np.float32)
    kept, made_anew = (LiteRtEngine(artifact, spec, 1000, keep_tables=keep).run(batch) for keep in (True, False))
    assert np.array_equal(kept, made_anew)


def test_weights_are_packed_alike_for_engines_that_keep_tables_and_those_that_do_not(copied_cache: Path) -> None:
    """All map one file: what is packed with tables cost an engine without them 24 MB."""
    folder = Store(copied_cache).folder("mobilenetv2", random=True)
    packed = []
    for keep in (True, False):
        shutil.rmtree(folder / BESIDE, ignore_errors=True)
        make = engine_maker(EngineKind.LITERT, Device.CPU, 1, keep_tables=keep)
        make(Manifest.read(folder), folder, Precision.INT8)
        (file,) = (folder / BESIDE).glob("*.xnn")
        packed.append(file.read_bytes())
    assert packed[0] == packed[1]
