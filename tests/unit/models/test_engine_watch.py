"""What a worker does about models whose engine is elsewhere."""

from collections.abc import Mapping

import pytest

from models.engine_watch import EngineWatch
from models.errors import ArtifactError, DeadlineExceeded, ModelUnavailable
from models.registry import Entry, ModelState, Registry
from models.served import ServedModel
from tests.fakes import Away, Clock, served


class Watched:
    """*models* come one after the other when one is loaded, and the last one again and again."""

    def __init__(self, *models: ServedModel) -> None:
        self.loads, self.told = 0, list[str]()
        self._found = list(models)
        self.registry = Registry(["net"], self._load)
        self.registry.start(0)
        self.clock = Clock()
        self.watch = EngineWatch(self.registry, self._tell, self.clock)

    def _load(self, name: str) -> ServedModel:
        self.loads += 1
        return self._found.pop(0) if len(self._found) > 1 else self._found[0]

    def _tell(self, entries: Mapping[str, Entry]) -> None:
        self.told += entries

    def let_s_pass(self, seconds: float) -> None:
        """As a worker does, which asks at every turn."""
        ends_at = self.clock.now + seconds
        while self.clock.now < ends_at:
            if not self.watch.due_in_s():
                self.watch.run()
            self.clock.now += 0.5


def refusing(reason: str = "") -> Away:
    engine = Away(reason)
    engine.refuses = True
    return engine


def test_what_an_engine_refused_is_loaded_anew_from_where_it_lies_now() -> None:
    old, newer = refusing(), Away()
    watched = Watched(served(old), served(newer))
    watched.let_s_pass(10)
    assert (watched.loads, watched.told) == (1, []), "all is well"
    old.reason = "not prepared"
    watched.let_s_pass(10)
    assert (watched.loads, watched.told) == (2, ["net"])
    assert watched.registry.failures() == {}
    assert (old.is_closed, newer.is_closed) == (True, False)


def test_what_stays_refused_is_loaded_less_and_less_often() -> None:
    watched = Watched(served(refusing("it is damaged")))
    watched.let_s_pass(60)
    assert 3 <= watched.loads <= 6
    before = watched.loads
    watched.let_s_pass(640)
    assert before + 8 <= watched.loads <= before + 11, "once in 64 seconds"


def test_what_takes_its_time_to_load_anew_is_waited_for() -> None:
    old, newer = refusing("not prepared"), Away("its engine loads the model")
    watched = Watched(served(old), served(newer))
    watched.let_s_pass(100)
    assert (watched.loads, watched.told, newer.is_closed) == (2, [], False)
    newer.reason = ""
    watched.let_s_pass(3)
    assert (watched.loads, watched.told) == (2, ["net"])


def test_what_was_refused_for_long_is_ready_as_soon_as_it_is_there() -> None:
    engine = refusing("it is damaged")
    watched = Watched(served(engine))
    watched.let_s_pass(140)
    engine.reason, loads = "", watched.loads
    watched.let_s_pass(3)
    assert (watched.loads, watched.told) == (loads, ["net"])
    assert watched.registry.failures() == {}


def test_one_that_can_not_be_loaded_anew_stays_refused_and_keeps_its_line() -> None:
    engine = refusing("not prepared")
    watched = Watched(served(engine))
    watched.registry._load = damaged
    watched.let_s_pass(60)
    assert watched.registry.failures()["net"].reason == "not prepared"
    assert not engine.is_closed


def damaged(name: str) -> ServedModel:
    raise ArtifactError("it is damaged")


def test_a_model_that_comes_after_the_start_gives_its_known_answer_then() -> None:
    engine, tests = Away("its engine loads the model"), list[int]()
    watched = Watched(served(engine, self_test=lambda: tests.append(1)))
    watched.let_s_pass(10)
    assert (tests, watched.told) == ([], [])
    engine.reason = ""
    watched.let_s_pass(10)
    assert (tests, watched.told) == ([1], ["net"])


@pytest.mark.parametrize("error", [DeadlineExceeded("busy"), ModelUnavailable("gone")])
def test_a_known_answer_that_was_not_given_is_asked_for_again_and_counts_for_nothing(error: Exception) -> None:
    answers: list[Exception | None] = [error, error, None]

    def test() -> None:
        if each := answers.pop(0):
            raise each

    watched = Watched(served(Away(), self_test=test))
    assert watched.registry.entries["net"].state is ModelState.LOADING
    watched.let_s_pass(10)
    assert watched.told == [], "it has little time: it is not asked again at once"
    watched.let_s_pass(10)
    assert watched.told == ["net"]
    assert watched.registry.failures() == {}
    assert answers == []


def test_models_take_turns_and_each_is_looked_at_as_often() -> None:
    looks, clock = list[tuple[str, float]](), Clock()

    class Noted(Away):
        def __init__(self, name: str) -> None:
            super().__init__()
            self._name = name

        def why_not(self, patience_s: float = 0.0) -> str:
            looks.append((self._name, clock.now))
            return self.reason

    registry = Registry(["a", "b"], lambda name: served(Noted(name)))
    registry.start()
    looks.clear()
    watch = EngineWatch(registry, clock=clock)
    for _ in range(5):
        clock.now += watch.due_in_s()
        watch.run()
    assert looks == [("a", 1000.0), ("b", 1001.0), ("a", 1002.0), ("b", 1003.0), ("a", 1004.0)]


def test_a_service_whose_engines_are_its_own_looks_at_nothing() -> None:
    watched = Watched(served())
    assert watched.watch.due_in_s() == float("inf")
