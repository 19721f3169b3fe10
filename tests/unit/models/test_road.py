"""The road: one decode for all networks, nothing computed in vain."""

import gc
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from PIL import Image

from models import road
from models.classifier import Classifier
from models.deadline import Deadline
from models.engine import Answered, Batch, Scores
from models.errors import CallerGone, DeadlineExceeded, EngineError, ModelError, ModelUnavailable
from models.labels import imagenet_labels
from models.road import Opinion
from preprocessing.decode import RgbImage, decode
from preprocessing.errors import ImageError, TooManyPixels, TruncatedImage
from preprocessing.spec import InputSpec, Normalisation, Resize
from preprocessing.transform import Tensor, transform
from tests.fakes import SPEC, BrightnessEngine, a_road
from tests.pictures import encode, photo_like

PNG = encode(photo_like(30, 40), "PNG")
JPEG = encode(photo_like(300, 400), "JPEG", quality=95)
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
    engine.spec = spec
    return Classifier(engine, imagenet_labels())


def classify(uploads: Sequence[bytes], *engines: CountingEngine, deadline: Deadline | None = None) -> list[Opinion]:
    networks = {str(number): network(engine) for number, engine in enumerate(engines)}
    return a_road().classify(uploads, networks, deadline=deadline)


def test_a_picture_that_failed_is_let_go_before_the_answer_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures: list[weakref.ref[Image.Image]] = []

    def opened(*arguments: Any, **options: Any) -> Image.Image:
        picture = open_picture(*arguments, **options)
        pictures.append(weakref.ref(picture))
        return picture

    open_picture = Image.open
    monkeypatch.setattr(Image, "open", opened)
    gc.disable()
    try:
        opinions = classify([JPEG[: len(JPEG) // 2]] * 3, CountingEngine())
        assert [picture() for picture in pictures] == [None] * 3
    finally:
        gc.enable()
    assert all(isinstance(opinion.error, TruncatedImage) for opinion in opinions)


def test_each_image_is_decoded_once_however_many_networks_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    sides: list[int | None] = []

    def counting(upload: bytes, **given: Any) -> RgbImage:
        sides.append(given["min_side"])
        return decode(upload, **given)

    monkeypatch.setattr(road, "decode", counting)
    networks = {"small": network(CountingEngine()), "large": network(CountingEngine(), LARGER)}
    (opinion,) = a_road().classify([PNG], networks)
    assert opinion.error is None
    assert set(opinion.scores) == set(opinion.inference_s) == {"small", "large"}
    assert sides == [round(2 * 16 / 0.875)], "once, as large as the largest needs it"


def test_an_image_that_can_t_be_decoded_costs_no_inference() -> None:
    engine = CountingEngine()
    bad, good = classify([b"text", PNG], engine)
    assert isinstance(bad.error, ImageError)
    assert good.error is None
    assert (bad.format, good.format) == ("", "png")
    assert engine.runs == 1


def test_what_is_past_its_deadline_is_never_computed() -> None:
    deadline = Deadline()
    first = CountingEngine(after=lambda: setattr(deadline, "ends_at", 0.0))
    opinions = classify([PNG, PNG, PNG], first, deadline=deadline)
    assert opinions[0].error is None, "it ended, however late: its answer is there"
    assert all(isinstance(opinion.error, DeadlineExceeded) for opinion in opinions[1:])
    assert first.runs == 1


def test_what_was_measured_of_a_late_image_is_told() -> None:
    deadline = Deadline()
    first, second = CountingEngine(after=lambda: setattr(deadline, "ends_at", 0.0)), CountingEngine()
    (opinion,) = classify([PNG], first, second, deadline=deadline)
    assert isinstance(opinion.error, DeadlineExceeded)
    assert opinion.format == "png"
    assert opinion.decode_s > 0
    assert opinion.queue_s > 0
    assert opinion.inference_s.keys() == {"0"}


def test_the_decoding_of_an_image_that_turned_out_broken_is_told() -> None:
    text, cut = classify([b"text", JPEG[:9000]], CountingEngine())
    assert isinstance(cut.error, TruncatedImage)
    assert cut.decode_s > 0
    assert cut.format == ""
    assert text.decode_s == 0


FAULTS = [
    pytest.param(MemoryError(), TooManyPixels, id="memory"),
    pytest.param(ValueError("box can't exceed original image size"), ModelError, id="Pillow"),
]


@pytest.mark.parametrize(("fault", "error"), FAULTS)
def test_what_goes_wrong_between_image_and_tensor_spoils_that_image_alone(
    monkeypatch: pytest.MonkeyPatch, fault: Exception, error: type[Exception]
) -> None:
    def failing(image: RgbImage, spec: InputSpec, resize: Resize) -> Tensor:
        if image.shape != (30, 40, 3):
            raise fault
        return transform(image, spec, resize)

    monkeypatch.setattr(road, "transform", failing)
    bad, good = classify([JPEG, PNG], CountingEngine())
    assert isinstance(bad.error, error)
    assert good.error is None


def test_a_caller_is_asked_after_no_more_than_needed() -> None:
    asked = 0

    def is_gone() -> bool:
        nonlocal asked
        asked += 1
        return False

    classify([PNG], CountingEngine(), deadline=Deadline(is_gone=is_gone))
    assert asked == 2, "before the decode and before the network, where nothing was waited for"


def test_a_deadline_between_two_networks_spoils_the_image() -> None:
    deadline = Deadline()
    first, second = CountingEngine(after=lambda: setattr(deadline, "ends_at", 0.0)), CountingEngine()
    (opinion,) = classify([PNG], first, second, deadline=deadline)
    assert isinstance(opinion.error, DeadlineExceeded)
    assert second.runs == 0


def test_nothing_is_computed_for_a_caller_who_has_left() -> None:
    engine = CountingEngine()
    opinions = classify([PNG, PNG], engine, deadline=Deadline(is_gone=lambda: True))
    assert all(isinstance(opinion.error, CallerGone) for opinion in opinions)
    assert engine.runs == 0


def test_scores_are_rows_of_probabilities() -> None:
    (opinion,) = classify([PNG], CountingEngine())
    assert opinion.scores["0"].shape == (1000,)
    assert opinion.scores["0"].dtype == np.float32
    assert opinion.decode_s > 0


class Elsewhere(CountingEngine):
    """In another process. It takes no image after *refuses*, and fails at the one with the number *fails*."""

    def __init__(self, refuses: int | None = None, fails: int | None = None) -> None:
        super().__init__()
        self.given: list[Tensor] = []
        self.dropped: list[int] = []
        self._refuses, self._fails = refuses, fails

    def begin(self, tensor: Tensor, until: Deadline) -> int:
        if len(self.given) == self._refuses:
            raise ModelUnavailable("its engine is away")
        self.given.append(tensor)
        return len(self.given) - 1

    def take(self, serial: int, until: Deadline) -> Answered:
        if serial == self._fails:
            raise EngineError("it failed")
        return Answered(self.run(self.given[serial][None])[0], waited_s=0.5, took_s=0.25)

    def drop(self, serial: int) -> None:
        self.dropped.append(serial)

    def why_not(self, patience_s: float = 0.0) -> str:
        return ""

    def is_refused(self) -> bool:
        return False

    def close(self) -> None:
        raise AssertionError


def test_an_engine_elsewhere_has_all_images_before_it_is_asked_for_the_first() -> None:
    engine = Elsewhere()
    asked = []
    engine._after = lambda: asked.append(len(engine.given))
    opinions = classify([PNG, b"text", PNG, PNG], engine)
    assert asked == [3, 3, 3]
    assert [opinion.error is None for opinion in opinions] == [True, False, True, True]
    assert opinions[0].inference_s == {"0": 0.25}
    assert 0.5 <= opinions[0].queue_s < 1
    assert engine.dropped == []


def test_what_an_engine_elsewhere_will_not_be_asked_for_is_dropped() -> None:
    first, second = Elsewhere(fails=0), Elsewhere()
    bad, good = classify([PNG, PNG], first, second)
    assert isinstance(bad.error, EngineError)
    assert good.error is None
    assert (first.dropped, second.dropped) == ([], [0])


def test_an_engine_that_is_away_costs_the_image_alone() -> None:
    first, second = Elsewhere(), Elsewhere(refuses=0)
    (opinion,) = classify([PNG], first, second)
    assert isinstance(opinion.error, ModelUnavailable)
    assert first.dropped == [0], "its answer is not waited for"


def test_engines_here_and_elsewhere_answer_side_by_side() -> None:
    (opinion,) = classify([PNG], CountingEngine(), Elsewhere())
    assert opinion.error is None
    assert opinion.scores["0"].tolist() == opinion.scores["1"].tolist()
