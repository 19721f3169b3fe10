"""The Keras engine, whose normalisation is in its graph and whose images come in buckets, answers as LiteRT does."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from models.catalog import CATALOG
from models.engine import Scores
from models.engine_litert import LiteRtEngine
from models.known_answers import generated_images
from models.manifest import Precision
from models.store import Store
from preprocessing.decode import decode
from preprocessing.spec import InputSpec, Normalisation, Resize
from preprocessing.transform import normalise, transform
from tests.ahead import FOUR
from tests.conftest import ROOT
from tests.e2e.server import environment

COUNT, TOLERANCE = 8, 1e-4
needs_jax = pytest.mark.skipif(not find_spec("jax"), reason="needs JAX (requirements-jax.txt)")


def facts(*arguments: str, backend: str = "tensorflow") -> str:
    command = [sys.executable, "-m", "tests.e2e.keras_engine_facts", *arguments]
    env = environment() | {"KERAS_BACKEND": backend}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def answers(
    builds: dict[Path, NDArray[np.uint8]], folder: Path, precision: str = "float32", backend: str = "tensorflow"
) -> dict[str, Scores]:
    """The engine's scores of images (N, h, w, 3) by the build they are for, by its name."""
    out, given = folder / f"{backend}-{precision}.npz", []
    for number, (build, images) in enumerate(builds.items()):
        np.save(folder / f"{number}.npy", images)
        given += [str(build), str(folder / f"{number}.npy")]
    facts("scores", precision, str(out), *given, backend=backend)
    return dict(np.load(out))


@pytest.mark.parametrize("backend", ["tensorflow", pytest.param("jax", marks=needs_jax)])
@pytest.mark.slow
def test_on_either_backend_its_answers_are_litert_s(backend: str, random_cache: Path, tmp_path: Path) -> None:
    specs = {name: CATALOG[name].input for name in FOUR.split(",")}
    images = {name: generated_images(COUNT, spec.height, spec.width, seed=42) for name, spec in specs.items()}
    builds = {name: Store(random_cache).folder(name, random=True) for name in specs}
    found = answers({builds[name]: images[name] for name in specs}, tmp_path, backend=backend)
    for name, spec in specs.items():
        engine = LiteRtEngine(builds[name] / Precision.FLOAT32.file, spec, classes=1000)
        wanted = engine.run(normalise(images[name], spec.normalisation))
        worst = float(np.abs(found[name] - wanted).max())
        print(f"{backend} {name}: {worst:.1e}")
        assert worst <= TOLERANCE
        assert found[name].dtype == np.float32
        assert len(set(wanted.argmax(axis=1).tolist())) > 1, "else any would do"


@pytest.mark.slow
def test_mixed_precision_takes_photos_as_float32_does(shared: Path, real_cache: Path, tmp_path: Path) -> None:
    build, spec = Store(real_cache).folder("mobilenetv2", random=False), InputSpec(224, 224, Normalisation.NONE)
    photos = [file.read_bytes() for file in sorted((shared / "photos").glob("*.JPEG"))]
    images = np.stack([transform(decode(photo), spec, Resize.CROP) for photo in photos]).astype(np.uint8)
    exact, mixed = (answers({build: images}, tmp_path, precision)["mobilenetv2"] for precision in ("float32", "mixed"))
    agreed, change = (exact.argmax(axis=1) == mixed.argmax(axis=1)).mean(), np.abs(exact - mixed).max()
    print(f"mixed: {agreed:.1%} of {len(photos)} photos as float32, largest change of a probability {change:.3f}")
    assert agreed >= 0.98
    assert 0 < change < 0.05
    assert np.abs(mixed.sum(axis=1) - 1).max() < 1e-5, "its softmax is float32's"


@pytest.mark.slow
def test_a_device_without_room_refuses_and_then_runs_fewer_at_once(small_cache: Path) -> None:
    told = json.loads(facts("room", str(Store(small_cache).folder("mobilenetv2", random=True))))
    assert told["sizes"] == [8, 4, 2]
    assert told["refusals"] == 2
    assert told["change"] <= TOLERANCE, "never a wrong result"
