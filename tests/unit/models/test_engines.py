from pathlib import Path

import pytest

from models.child import run_in_child
from models.cores import powers_of_two
from models.engines import Device, EngineKind, resolve_engine, resolve_precision
from models.errors import PrepareError


def test_auto_is_litert_and_a_gpu_needs_keras() -> None:
    assert resolve_engine(EngineKind.AUTO, Device.AUTO) is EngineKind.LITERT
    assert resolve_engine(EngineKind.AUTO, Device.GPU) is EngineKind.KERAS
    with pytest.raises(ValueError, match="DEVICE=gpu needs"):
        resolve_engine(EngineKind.LITERT, Device.GPU)


def test_auto_precision_is_left_to_the_model_and_keras_has_float32_alone() -> None:
    assert resolve_precision("auto", EngineKind.LITERT) is None
    assert resolve_precision("auto", EngineKind.KERAS) == "float32"
    with pytest.raises(ValueError, match="int8 needs"):
        resolve_precision("int8", EngineKind.KERAS)


@pytest.mark.parametrize(("cores", "given"), [(1, (1,)), (2, (1, 2)), (6, (1, 2, 4)), (64, (1, 2, 4, 8))])
def test_an_inference_is_given_a_power_of_two(cores: int, given: tuple[int, ...]) -> None:
    assert powers_of_two(cores) == given


@pytest.mark.parametrize(
    ("cores", "most", "given"), [(6, 1, (1,)), (6, 2, (1, 2)), (2, 8, (1, 2)), (64, 16, (1, 2, 4, 8, 16))]
)
def test_threads_can_be_limited_and_never_exceed_the_cores(cores: int, most: int, given: tuple[int, ...]) -> None:
    assert powers_of_two(cores, most) == given


def test_a_child_that_dies_is_reported_with_the_end_of_its_log(tmp_path: Path) -> None:
    told: list[str] = []
    with pytest.raises(PrepareError, match=r"(?s)status 7.*its last words"):
        run_in_child("tests.unit.models.children", "die", tmp_path / "log", lambda name, part=0.0: told.append(name))
    assert told == ["one"]


def test_a_child_gives_back_what_its_function_returns(tmp_path: Path) -> None:
    assert run_in_child("tests.unit.models.children", "add", tmp_path / "log", lambda *_: None, a=2, b=3) == 5


def test_a_missing_package_is_explained(tmp_path: Path) -> None:
    with pytest.raises(PrepareError, match=r"requirements\.txt"):
        run_in_child("tests.unit.models.absent", "f", tmp_path / "log", lambda *_: None)
