"""What an operator is told when speeds can't be measured."""

from pathlib import Path

import pytest

from cli import prepare
from cli.prepare import _tell_of_lost_photos, lacks_engine, measure_models
from config import load_settings
from models.errors import PrepareError
from models.manifest import Manifest, Precision
from models.plan import Job, WeightsMode
from models.prepared import PreparedModels
from models.speeds import MachineHalf
from models.store import Store
from tests.unit.models.builds import GOOD, MOBILENET, fake_build


@pytest.fixture
def prepared(tmp_path: Path) -> PreparedModels:
    fake_build(Store(tmp_path), Job(MOBILENET, None))
    return PreparedModels(Store(tmp_path), ("mobilenetv2", "vgg16"), WeightsMode.RANDOM)


def test_a_measurement_that_fails_is_told_and_nothing_stops(
    prepared: PreparedModels, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def crash(*_: object, **__: object) -> str:
        raise PrepareError("models.measure.measure ended with status -9")

    monkeypatch.setattr(prepare, "run_in_child", crash)
    measure_models(prepared, 2)
    told = capsys.readouterr().err
    assert "mobilenetv2: its speeds can't be measured or kept, so PRECISION=auto is float32" in told
    assert "status -9" in told
    assert "vgg16" not in told, "what is not prepared is not measured"


def test_what_the_child_could_not_keep_is_told(
    prepared: PreparedModels, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(prepare, "run_in_child", lambda *_, **__: "Read-only file system")
    measure_models(prepared, 2)
    assert "Read-only file system" in capsys.readouterr().err


def test_measuring_again_forgets_what_was_measured(prepared: PreparedModels, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def child(*_: object, folder: str, **__: object) -> str:
        asked.append(Manifest.read(Path(folder)).name)
        return ""

    monkeypatch.setattr(prepare, "run_in_child", child)
    monkeypatch.setattr(MachineHalf, "read", lambda *_: None if forgotten else "measured")
    forgotten: list[Path] = []
    monkeypatch.setattr(MachineHalf, "forget", lambda build, *_: forgotten.append(build))
    measure_models(prepared, 2)
    assert asked == []
    measure_models(prepared, 2, again=True)
    assert asked == ["mobilenetv2"]


def test_losing_the_photos_that_judged_a_model_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    photos = tuple(tmp_path / f"{number}.jpg" for number in range(200))
    for each in (*photos, weights := tmp_path / "w.h5"):
        each.write_bytes(b"x")
    good = dict.fromkeys(Precision, GOOD)
    fake_build(Store(tmp_path), Job(MOBILENET, weights, photos), good)
    _tell_of_lost_photos(Store(tmp_path), Job(MOBILENET, weights, photos))
    assert capsys.readouterr().err == ""
    _tell_of_lost_photos(Store(tmp_path), Job(MOBILENET, weights))
    assert "name them again with --images" in capsys.readouterr().err


@pytest.mark.parametrize(("engine", "refused"), [("keras", True), ("litert", False), ("auto", False)])
def test_the_model_in_the_box_is_refused_where_its_engine_is_not(tmp_path: Path, engine: str, refused: bool) -> None:
    settings = load_settings({"TRIPTYCH_ENGINE": engine, "TRIPTYCH_WEIGHTS": "auto"})
    prepared = PreparedModels(Store(tmp_path), ("mobilenetv2",), WeightsMode.AUTO)
    assert bool(lacks_engine(prepared, settings)) is refused
    assert lacks_engine(PreparedModels(Store(tmp_path), ("mobilenetv2",), WeightsMode.IMAGENET), settings) == ""
