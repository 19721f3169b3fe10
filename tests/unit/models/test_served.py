"""Loading: what is checked before a model may answer."""

from pathlib import Path

import numpy as np
import pytest

from models.classifier import Classifier
from models.engine import Batch, Engine, Scores
from models.errors import ArtifactError, EngineError
from models.labels import imagenet_labels
from models.manifest import Manifest, Precision
from models.plan import Job
from models.served import ServedModel, load, verify
from models.store import Store
from tests.fakes import BrightnessEngine, NanEngine
from tests.unit.models.builds import MOBILENET, fake_build


class DriftingEngine(BrightnessEngine):
    def run(self, batch: Batch, threads: int = 1) -> Scores:
        return super().run(batch) - np.float32(2e-4)


class LateDriftEngine(BrightnessEngine):
    """Answers the first image as it did, the later ones not."""

    def __init__(self) -> None:
        self.runs = 0

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        self.runs += 1
        return super().run(batch) - np.float32(2e-4 if self.runs > 1 else 0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = Store(tmp_path)
    fake_build(store, Job(MOBILENET, None))
    return store.folder("mobilenetv2", random=True)


def with_engine(folder: Path, engine: Engine) -> ServedModel:
    def make(manifest: Manifest, where: Path, precision: Precision) -> Engine:
        return engine

    return load(folder, precision=Precision.FLOAT32, make_engine=make, cores=1)


def test_a_good_build_is_served_under_the_hash_of_its_artifact(folder: Path) -> None:
    model = with_engine(folder, BrightnessEngine())
    assert model.version == Manifest.read(folder).artifacts[Precision.FLOAT32].record.sha256[:12]


@pytest.mark.parametrize("engine", [DriftingEngine(), NanEngine()])
def test_an_engine_that_answers_otherwise_than_when_it_was_made_is_refused(folder: Path, engine: Engine) -> None:
    with pytest.raises(ArtifactError, match="known answers differ"):
        with_engine(folder, engine)


def test_verify_runs_every_known_answer(folder: Path) -> None:
    with_engine(folder, LateDriftEngine())
    with pytest.raises(ArtifactError, match="known answers differ"):
        verify(folder, make_engine=lambda *_: LateDriftEngine())


def test_verify_finds_a_flipped_bit_that_kept_size_and_mtime(folder: Path) -> None:
    import os

    path = folder / "int8.tflite"
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[5] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ArtifactError, match=r"int8\.tflite is not"):
        verify(folder, make_engine=lambda *_: BrightnessEngine())


@pytest.mark.parametrize("file", ["float32.tflite", "known_answers.npz"])
def test_a_changed_file_never_reaches_the_runtime(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"rubbish")
    with pytest.raises(ArtifactError, match=file):
        with_engine(folder, BrightnessEngine())


def test_a_build_for_another_catalog_is_refused(folder: Path) -> None:
    manifest = Manifest.read(folder)
    changed = manifest.model_copy(update={"input": manifest.input.model_copy(update={"normalisation": "caffe"})})
    changed.write(folder)
    with pytest.raises(ArtifactError, match="another version of the catalog"):
        with_engine(folder, BrightnessEngine())


def test_scores_that_are_no_answer_are_never_passed_on() -> None:
    classifier = Classifier(NanEngine(), imagenet_labels())
    with pytest.raises(EngineError):
        classifier.scores(np.zeros((8, 8, 3), np.float32))
