from collections.abc import Iterator

import pytest

from models.errors import ArtifactError, ModelUnavailable, UnknownModel, WeightsMissing
from models.registry import ModelState, Registry
from models.served import ServedModel
from tests.fakes import Away, served


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


def test_a_model_whose_engine_is_away_is_not_ready_until_it_is_back() -> None:
    engine = Away()
    registry = Registry(["net"], lambda _: served(engine))
    registry.start()
    assert registry.failures() == {}
    engine.reason = "its engine is away"
    assert {name: entry.reason for name, entry in registry.failures().items()} == {"net": "its engine is away"}
    assert registry.entries["net"].state is ModelState.LOADING
    engine.reason = ""
    assert registry.failures() == {}


def test_a_model_that_another_has_replaced_is_let_go_and_one_that_stays_is_not() -> None:
    engines = [Away(), Away()]
    found: Iterator[ServedModel | ArtifactError] = iter(
        [served(engines[0]), served(engines[1]), ArtifactError("it is damaged")]
    )

    def next_one(name: str) -> ServedModel:
        if isinstance(each := next(found), ArtifactError):
            raise each
        return each

    registry = Registry(["net"], next_one)
    registry.start()
    assert registry.reload("net") == ""
    assert [engine.is_closed for engine in engines] == [True, False]
    assert registry.reload("net") == "it is damaged"
    assert [engine.is_closed for engine in engines] == [True, False]


def test_a_newer_one_that_is_not_there_in_time_leaves_the_old_one() -> None:
    engines = [Away(), Away("its engine is still loading it")]
    found = iter([served(engine) for engine in engines])
    registry = Registry(["net"], lambda _: next(found))
    registry.start()
    before = registry.get("net")
    assert registry.reload("net") == "its engine is still loading it"
    assert registry.get("net") is before
    assert [engine.is_closed for engine in engines] == [False, True]


def test_a_self_test_says_nothing_of_a_model_whose_engine_is_away() -> None:
    engine, tests = Away(), list[str]()

    def test() -> None:
        tests.append("asked")
        raise ModelUnavailable("its engine has just gone")

    registry = Registry(["net"], lambda _: served(engine, self_test=test))
    registry.start()
    assert registry.self_test("net") is None, "it has just gone: `entries` will tell"
    engine.reason = "its engine is away"
    assert registry.self_test("net") is None
    assert tests == ["asked"] * 2, "when it was there first, and once since"
    assert registry.entries["net"].state is ModelState.LOADING
    engine.reason = ""
    assert registry.get("net"), "it is back, and nothing was held against it"
