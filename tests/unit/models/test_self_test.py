"""The known answers, asked again in a worker's loop."""

import pytest

from models.errors import ArtifactError, ModelUnavailable, WeightsMissing
from models.registry import ModelState, Registry
from models.self_test import SelfTests
from models.served import ServedModel
from tests.fakes import Away, Clock, served


class Model:
    """One whose known answer can go wrong and right again."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def self_test(self) -> None:
        if self.error:
            raise self.error


def registry(models: dict[str, Model], *more: str) -> Registry:
    def load(name: str) -> ServedModel:
        if name == "corrupt":
            raise ArtifactError("changed")
        if name == "weightless":
            raise WeightsMissing("get it there")
        return served(self_test=models[name].self_test)

    made = Registry([*models, *more], load)
    made.start()
    return made


def test_each_model_is_tested_once_in_the_time_and_one_at_a_time() -> None:
    clock, reports = Clock(), list[tuple[str, bool]]()
    tests = SelfTests(registry({"a": Model(), "b": Model()}), 300, lambda *told: reports.append(told), clock=clock)
    assert tests.due_in_s() == 150
    for _ in range(4):
        clock.now += tests.due_in_s()
        assert tests.due_in_s() == 0
        tests.run_next()
    assert reports == [("a", True), ("b", True)] * 2
    assert clock.now == 1600


def test_workers_take_turns_from_the_first_test_on() -> None:
    clock, models = Clock(), registry({"a": Model(), "b": Model()})
    first, second = (SelfTests(models, 300, lambda *_: None, turn, clock) for turn in (0.5, 1.0))
    assert (first.due_in_s(), second.due_in_s()) == (75, 150)
    clock.now += 75
    first.run_next()
    assert first.due_in_s() == 150


def test_a_worker_that_was_busy_for_long_does_not_make_up_for_what_it_missed() -> None:
    clock = Clock()
    tests = SelfTests(registry({"a": Model()}), 300, lambda *_: None, clock=clock)
    clock.now += 10_000
    tests.run_next()
    assert tests.due_in_s() == 300


def test_nothing_is_ever_due_where_it_is_switched_off() -> None:
    assert SelfTests(registry({"a": Model()}), 0, lambda *_: None).due_in_s() == float("inf")


def test_a_model_that_comes_later_is_tested_too() -> None:
    clock, reports, found = Clock(), list[tuple[str, bool]](), list[ServedModel]()

    def load(name: str) -> ServedModel:
        if not found:
            raise ArtifactError("changed")
        return found[0]

    models = Registry(["a"], load)
    models.start()
    tests = SelfTests(models, 300, lambda *told: reports.append(told), clock=clock)
    clock.now += tests.due_in_s()
    tests.run_next()
    assert reports == []
    found.append(served())
    assert models.reload("a") == ""
    clock.now += tests.due_in_s()
    tests.run_next()
    assert reports == [("a", True)]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ArtifactError("known answers differ by 0.5"), "known answers differ by 0.5"),
        (OSError("/secret"), "OSError in its self-test"),
    ],
)
def test_a_model_that_fails_answers_no_more_until_it_passes_again(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    model, other = Model(), Model()
    models = registry({"a": model, "b": other})
    model.error = error
    assert not models.self_test("a")
    assert {name: entry.reason for name, entry in models.failures().items()} == {"a": reason}
    assert models.get("b")
    with pytest.raises(ModelUnavailable, match="a is failed"):
        models.get("a")
    assert "a failed its self-test" in caplog.text
    model.error = None
    assert models.self_test("a")
    assert models.failures() == {}
    assert models.entries["a"].state is ModelState.READY
    assert models.get("a")
    assert "a passed its self-test: it is ready again" in caplog.text


def test_a_model_that_was_never_loaded_does_not_become_ready_by_being_tested() -> None:
    models = registry({}, "corrupt")
    assert not models.self_test("corrupt")
    assert models.failures().keys() == {"corrupt"}


def test_a_model_that_has_still_to_come_is_left_to_who_waits_for_it() -> None:
    clock, reports, engine = Clock(), list[tuple[str, bool]](), Away("its engine loads the model")
    models = Registry(["net"], lambda _: served(engine))
    models.start(0)
    tests = SelfTests(models, 300, lambda *told: reports.append(told), clock=clock)
    engine.reason = ""
    for _ in range(2):
        clock.now += tests.due_in_s()
        tests.run_next()
    assert reports == []
    assert models.is_untested("net")


def test_nothing_is_reported_of_a_model_whose_engine_could_not_be_asked() -> None:
    clock, reports, engine = Clock(), list[tuple[str, bool]](), Away()
    models = Registry(["net"], lambda _: served(engine))
    models.start()
    tests = SelfTests(models, 300, lambda *told: reports.append(told), clock=clock)
    for reason in ("", "its engine is away", ""):
        engine.reason = reason
        clock.now += tests.due_in_s()
        tests.run_next()
    assert reports == [("net", True)] * 2
