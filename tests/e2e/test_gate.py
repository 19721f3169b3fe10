"""The gate with photos, and the machine half, on the real MobileNetV2."""

import shutil
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from models.judgement import Gate
from models.manifest import Manifest, Precision
from models.store import Store
from tests.e2e.server import run_flask, running

STATIC = Precision.INT8_STATIC

pytestmark = pytest.mark.slow  # preparing with photos takes a quarter of a minute


@pytest.fixture(scope="module")
def judged(real_cache: Path, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the prepared MobileNetV2, judged by the 100 photos and their mirror images."""
    cache = tmp_path_factory.mktemp("judged")
    shutil.copytree(real_cache / "models/mobilenetv2", cache / "models/mobilenetv2", symlinks=True)
    for photo in (shared / "photos").glob("*.JPEG"):
        (cache / "photos").mkdir(exist_ok=True)
        shutil.copy(photo, cache / "photos")
        with Image.open(photo) as picture:
            ImageOps.mirror(picture.convert("RGB")).save(cache / "photos" / f"mirrored {photo.name}", quality=95)
    settings = {"MODELS": "mobilenetv2", "WEIGHTS_DIR": str(shared / "weights"), "CACHE_DIR": str(cache)}
    result = run_flask("models", "prepare", "--images", str(cache / "photos"), **settings)
    assert result.returncode == 0, result.stderr
    assert "mobilenetv2: convert" not in result.stderr, "the float32 artifact is taken over"
    return cache


def build(cache: Path) -> Path:
    return Store(cache).folder("mobilenetv2", random=False)


def test_photos_calibrate_a_static_int8_and_judge_every_precision(judged: Path) -> None:
    manifest = Manifest.read(build(judged))
    assert manifest.gate is Gate.PHOTOS
    assert manifest.photos is not None
    assert manifest.photos.count == 200
    images = {p: a.agreement.images for p, a in manifest.artifacts.items() if a.agreement}
    assert images == {Precision.FLOAT16: 200, Precision.INT8: 200, STATIC: 150}
    float16, static = (manifest.artifacts[p].agreement for p in (Precision.FLOAT16, STATIC))
    assert float16 is not None
    assert static is not None
    assert float16.agreed / float16.compared > 0.99
    assert 0.9 < static.agreed / static.compared <= 1, "a broken calibration agrees on nothing"
    assert manifest.artifacts[Precision.FLOAT16].passed


def test_the_figures_are_shown_by_list_and_by_the_service(judged: Path, tmp_path: Path) -> None:
    settings = {"MODELS": "mobilenetv2", "CACHE_DIR": str(judged)}
    listed = run_flask("models", "list", **settings).stdout
    assert "gate: photos" in listed
    assert listed.count("same top-1") == 3
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        model = server.get("/models/mobilenetv2").json()
    assert model["gate"] == "photos"
    assert set(model["precisions"]) == {precision for precision in Precision if precision.artifact is precision}
    assert model["precisions"]["int8"]["agreement"]["images"] == 200
    assert all(each["milliseconds"]["one_thread"] > 0 for each in model["precisions"].values())
    served = model["precisions"][model["precision"]]
    assert served["passed"]
    assert f"* {model['precision']}" in listed


def test_a_start_elsewhere_makes_the_machine_half_anew_and_nothing_else(judged: Path, tmp_path: Path) -> None:
    shutil.copytree(judged, tmp_path / "cache", symlinks=True)
    folder = build(tmp_path / "cache")
    shutil.rmtree(folder / "machine")
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    settings = {"MODELS": "mobilenetv2", "CACHE_DIR": str(tmp_path / "cache"), "PREPARE": "never"}
    with running(tmp_path / "log", WORKERS="2", **settings) as server:
        model = server.get("/models/mobilenetv2").json()
    assert "milliseconds" in model["precisions"]["int8"]
    assert len(list((folder / "machine").glob("*.speeds.json"))) == 1
    assert {name: (folder / name).stat().st_mtime_ns for name in before} == before


def test_a_fixed_precision_is_served_unmeasured_and_one_that_was_not_made_is_named(
    judged: Path, tmp_path: Path
) -> None:
    shutil.copytree(judged, tmp_path / "cache", symlinks=True)
    folder = build(tmp_path / "cache")
    shutil.rmtree(folder / "machine")
    settings = {"MODELS": "mobilenetv2", "CACHE_DIR": str(tmp_path / "cache"), "PRECISION": "int8-static"}
    with running(tmp_path / "log", WORKERS="1", **settings) as server:
        assert server.get("/models/mobilenetv2").json()["precision"] == "int8-static"
    assert not list((folder / "machine").glob("*.speeds.json"))
