"""The road: one decode for all networks, nothing computed in vain."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from models import road
from models.classifier import Classifier
from models.deadline import Deadline
from models.engine import Batch, Scores
from models.errors import CallerGone, DeadlineExceeded
from models.labels import imagenet_labels
from models.road import Opinion, Outcome
from preprocessing.decode import RgbImage, decode
from preprocessing.errors import ImageError
from preprocessing.spec import InputSpec, Normalisation
from tests.fakes import SPEC, BrightnessEngine, a_road
from tests.pictures import encode, photo_like

PNG = encode(photo_like(30, 40), "PNG")
LARGER = InputSpec(16, 16, Normalisation.CAFFE)


class CountingEngine(BrightnessEngine):
    """Counts its runs; *after* is called in each."""

    def __init__(self, after: Callable[[], Any] = lambda: None) -> None:
        self.runs = 0
        self._after = after

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        self.runs += 1
        self._after()
        return super().run(batch)


def network(engine: CountingEngine, spec: InputSpec = SPEC) -> Classifier:
    return Classifier(engine, spec, imagenet_labels())


def classify(uploads: Sequence[bytes], *engines: CountingEngine, deadline: Deadline | None = None) -> list[Outcome]:
    networks = {str(number): network(engine) for number, engine in enumerate(engines)}
    return a_road().classify(uploads, networks, deadline=deadline)


def test_each_image_is_decoded_once_however_many_networks_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int | None] = []

    def counting(upload: bytes, **given: Any) -> RgbImage:
        sides.append(given["min_side"])
        return decode(upload, **given)

    monkeypatch.setattr(road, "decode", counting)
    networks = {"small": network(CountingEngine()), "large": network(CountingEngine(), LARGER)}
    (opinion,) = a_road().classify([PNG], networks)
    assert isinstance(opinion, Opinion)
    assert set(opinion.scores) == set(opinion.inference_s) == {"small", "large"}
    assert sides == [round(2 * 16 / 0.875)], "once, as large as the largest needs it"


def test_an_image_that_can_t_be_decoded_costs_no_inference() -> None:
    engine = CountingEngine()
    bad, good = classify([b"text", PNG], engine)
    assert isinstance(bad, ImageError)
    assert isinstance(good, Opinion)
    assert good.format == "png"
    assert engine.runs == 1


def test_what_is_past_its_deadline_is_never_computed() -> None:
    deadline = Deadline()
    first = CountingEngine(after=lambda: setattr(deadline, "ends_at", 0.0))
    outcomes = classify([PNG, PNG, PNG], first, deadline=deadline)
    assert isinstance(outcomes[0], Opinion), "it ended, however late: its answer is there"
    assert all(isinstance(outcome, DeadlineExceeded) for outcome in outcomes[1:])
    assert first.runs == 1


def test_a_deadline_between_two_networks_spoils_the_image() -> None:
    deadline = Deadline()
    first, second = CountingEngine(after=lambda: setattr(deadline, "ends_at", 0.0)), CountingEngine()
    (outcome,) = classify([PNG], first, second, deadline=deadline)
    assert isinstance(outcome, DeadlineExceeded)
    assert second.runs == 0


def test_nothing_is_computed_for_a_caller_who_has_left() -> None:
    engine = CountingEngine()
    outcomes = classify([PNG, PNG], engine, deadline=Deadline(is_gone=lambda: True))
    assert all(isinstance(outcome, CallerGone) for outcome in outcomes)
    assert engine.runs == 0


def test_scores_are_rows_of_probabilities() -> None:
    (opinion,) = classify([PNG], CountingEngine())
    assert isinstance(opinion, Opinion)
    assert opinion.scores["0"].shape == (1000,)
    assert opinion.scores["0"].dtype == np.float32
    assert opinion.decode_s > 0
