"""A candidate sees a share of what was answered, afterwards, and its answers go nowhere."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from models.engine import Answered, Batch, Scores
from models.errors import ArtifactError
from models.registry import Registry
from models.road import Road
from models.served import ServedModel
from models.shadow import Shadow, Sight
from preprocessing.spec import Resize
from tests.api.test_predict import BRIGHT, DARK
from tests.fakes import Away, BrightnessEngine, BrokenEngine, a_road, served


class Service:
    """One model, a candidate beside it, and what was told of it."""

    def __init__(self, candidate: ServedModel | None, share: float = 1.0, draw: float = 0.5) -> None:
        self.told: list[Sight] = []
        self.took_s: list[float] = []
        self.road: Road = a_road()

        def load(name: str) -> ServedModel:
            if name == "resnet50":
                return served(BrightnessEngine())
            if candidate is None:
                raise ArtifactError("not prepared")
            return candidate

        registry = Registry(["resnet50"], load)
        registry.start()
        self.registry = registry
        self.networks = {"resnet50": registry.get("resnet50").classifier}
        self.shadow = Shadow("newer", "resnet50", share, self._tell, patience_s=10, draw=lambda: draw)
        self.shadow.start(load, registry)

    def _tell(self, version: str, sight: Sight, took_s: float) -> None:
        assert version == "0123456789ab"
        self.told.append(sight)
        self.took_s.append(took_s)

    def answer(self, *uploads: bytes) -> None:
        for upload, opinion in zip(uploads, self.road.classify(uploads, self.networks), strict=True):
            self.shadow.see(upload, opinion, Resize.CROP)

    def run(self, waiting: int = 0) -> None:
        self.shadow.run(lambda: self.road, lambda: waiting)


def opposite() -> ServedModel:
    class Opposite(BrightnessEngine):
        def run(self, batch: Batch, threads: int = 1) -> Scores:
            return super().run(-batch)

    return served(Opposite())


@pytest.mark.parametrize(
    ("candidate", "sight"),
    [(served, Sight.AGREED), (opposite, Sight.DIFFERED), (lambda: served(BrokenEngine()), Sight.FAILED)],
)
def test_what_was_answered_is_compared_afterwards(candidate: Callable[[], ServedModel], sight: Sight) -> None:
    service = Service(candidate())
    service.answer(BRIGHT)
    assert service.told == [], "the caller has his answer first"
    service.run()
    service.run()
    assert service.told == [sight]
    assert (service.took_s[0] > 0) is (sight is not Sight.FAILED)


def test_who_waits_goes_first() -> None:
    service = Service(served())
    service.answer(BRIGHT)
    service.run(waiting=1)
    service.run()
    assert service.told == [Sight.SKIPPED]


def test_of_one_request_one_image_is_shown() -> None:
    service = Service(served())
    service.answer(BRIGHT, DARK, b"no image")
    service.run()
    assert service.told == [Sight.SKIPPED, Sight.AGREED]


@pytest.mark.parametrize(("share", "seen"), [(0.0, 0), (0.5, 0), (0.51, 1)])
def test_only_a_share_is_shown(share: float, seen: int) -> None:
    service = Service(served(), share)
    service.answer(BRIGHT)
    service.run()
    assert len(service.told) == seen


def test_one_that_can_not_be_loaded_is_left_out_and_the_service_serves(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(None)
    service.answer(BRIGHT)
    service.run()
    assert service.told == []
    assert "newer is no candidate: not prepared" in caplog.text


def test_one_with_other_classes_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(replace(served(), labels_sha256="22" * 32))
    service.answer(BRIGHT)
    service.run()
    assert service.told == []
    assert "newer is no candidate: its classes are not those of resnet50" in caplog.text


def test_one_with_other_classes_is_not_compared_also_after_a_reload(caplog: pytest.LogCaptureFixture) -> None:
    service = Service(served())
    service.registry._load = lambda _: replace(served(), labels_sha256="22" * 32)
    assert service.registry.reload("resnet50") == ""
    for _ in range(3):
        service.answer(BRIGHT)
        service.run()
    assert service.told == [Sight.FAILED] * 3
    assert caplog.text.count("newer can't be compared: its classes are not those of resnet50") == 1


def test_whatever_its_engine_raises_ends_no_worker() -> None:
    class Exploding(BrightnessEngine):
        def run(self, batch: Batch, threads: int = 1) -> Scores:
            raise ValueError("out of memory")

    service = Service(served(Exploding()))
    service.answer(BRIGHT)
    service.run()
    assert service.told == [Sight.FAILED]


def test_who_comes_while_it_decodes_goes_first() -> None:
    service = Service(opposite())
    service.answer(BRIGHT)
    waiting = iter((0, 1, 1, 1))
    service.shadow.run(lambda: service.road, lambda: next(waiting))
    assert service.told == [Sight.SKIPPED]


def test_a_candidate_whose_engine_comes_later_is_one_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.engine_watch._LOOK_EVERY_S", 0.0)

    class Coming(Away):
        def begin(self, tensor: object, until: object) -> int:
            return 1

        def take(self, serial: int, until: object) -> Answered:
            scores = np.zeros(1000, np.float32)
            scores[207] = 1
            return Answered(scores, 0.0, 0.01)

    engine = Coming("its engine loads the model")
    service = Service(served(engine))
    for reason in ("its engine loads the model", ""):
        engine.reason = reason
        service.shadow.look()
        service.answer(BRIGHT)
        service.run()
    assert service.told == [Sight.SKIPPED, Sight.AGREED]


def test_a_candidate_that_its_engine_refused_is_loaded_anew() -> None:
    engine = Away()
    engine.refuses = True
    service = Service(served(engine))
    newer = served()
    assert service.shadow._candidates
    service.shadow._candidates._load = lambda _: newer
    engine.reason = "its build is gone"
    service.shadow.look()
    service.answer(BRIGHT)
    service.run()
    assert service.told == [Sight.AGREED]
