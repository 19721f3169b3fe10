import pytest

from models.errors import ArtifactError, ModelUnavailable, UnknownModel, WeightsMissing
from models.registry import ModelState, Registry
from models.served import ServedModel
from tests.fakes import served


def load(name: str) -> ServedModel:
    if name == "corrupt":
        raise ArtifactError("float32.tflite is not the file that was prepared")
    if name == "exploding":
        raise ZeroDivisionError("/secret/path")
    if name == "weightless":
        raise WeightsMissing("get it there")
    return served()


def started(*names: str) -> Registry:
    registry = Registry(names, load)
    registry.start()
    return registry


def test_nothing_is_loaded_before_start() -> None:
    registry = Registry(["good"], load)
    assert registry.failures().keys() == {"good"}
    with pytest.raises(ModelUnavailable, match="loading"):
        registry.get("good")


def test_one_corrupt_model_fails_alone_and_is_named() -> None:
    registry = started("good", "corrupt", "exploding")
    assert registry.get("good").classes == 1000
    assert {name: entry.reason for name, entry in registry.failures().items()} == {
        "corrupt": "float32.tflite is not the file that was prepared",
        "exploding": "ZeroDivisionError while loading",
    }
    with pytest.raises(ModelUnavailable) as error:
        registry.get("corrupt")
    assert error.value.code == "not_ready"


def test_a_model_without_weights_does_not_keep_the_others_from_being_ready() -> None:
    registry = started("good", "weightless")
    assert registry.failures() == {}
    assert registry.entries["weightless"].state is ModelState.WEIGHTS_MISSING
    with pytest.raises(WeightsMissing, match="get it there"):
        registry.get("weightless")


def test_a_spare_model_is_there_where_it_can_be_and_else_as_if_it_had_no_name() -> None:
    registry = Registry(["good"], load, spare=("corrupt", "another"))
    registry.start()
    assert registry.failures() == {}
    assert [*registry.entries] == ["good", "another"]
    with pytest.raises(UnknownModel):
        registry.get("corrupt")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownModel, match="good, corrupt"):
        started("good", "corrupt").get("other")
