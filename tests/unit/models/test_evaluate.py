"""Photos through fake networks."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import photo_tensors
from models.contestants import Member
from models.engine import Batch, Engine, Scores
from models.errors import EngineError
from models.evaluate import Evaluation, Evaluator
from models.photo_labels import LabelledPhoto
from models.road import UploadLimits
from preprocessing.decode import decode
from preprocessing.spec import Resize
from tests.fakes import BrightnessEngine, NanEngine
from tests.pictures import encode
from tests.unit.models.members import member

TENCH, GOLDEN = 0, 207
A, B = member("a"), member("b")


class SureEngine(BrightnessEngine):
    """Class 1, whatever comes."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        scores = np.zeros((len(batch), 1000), np.float32)
        scores[:, 1] = 1
        return scores


def photo(folder: Path, name: str, truth: int, grey: int) -> LabelledPhoto:
    path = folder / name
    path.write_bytes(encode(np.full((20, 30, 3), grey, np.uint8), "PNG"))
    return LabelledPhoto(path, truth)


def evaluate(photos: list[LabelledPhoto], engines: dict[Member, Engine], *resizes: Resize) -> Evaluation:
    return Evaluator(engines, resizes or (Resize.CROP,), UploadLimits(), 1).run(photos)


def test_every_network_answers_to_every_photo_with_every_resize(tmp_path: Path) -> None:
    photos = [photo(tmp_path, "1.png", GOLDEN, 255), photo(tmp_path, "2.png", TENCH, 0)]
    found = evaluate(photos, {A: BrightnessEngine()}, *Resize)
    assert found.photos == tuple(photos)
    assert [answers.resize for answers in found.answers] == list(Resize)
    assert all(answers.top[:, 0].tolist() == [GOLDEN, TENCH] for answers in found.answers)
    assert all(answers.top.shape == (2, 5) for answers in found.answers)


def test_an_ensemble_answers_with_the_mean_of_the_probabilities(tmp_path: Path) -> None:
    found = evaluate([photo(tmp_path, "1.png", GOLDEN, 204)], {A: BrightnessEngine(), B: SureEngine()})
    alone, _, together = found.answers
    assert together.contestant.name == "ensemble"
    assert alone.probs == pytest.approx([0.8], abs=0.01)
    assert together.top[0, :3].tolist() == [1, GOLDEN, TENCH]  # 0.5, 0.4, 0.1
    assert together.probs == pytest.approx([0.5], abs=1e-4)


def test_an_ensemble_takes_the_time_of_all_its_networks_and_decodes_once(tmp_path: Path) -> None:
    found = evaluate([photo(tmp_path, "1.png", GOLDEN, 204)], {A: BrightnessEngine(), B: SureEngine()})
    one, two, together = found.answers
    assert together.inference_ms == pytest.approx(one.inference_ms + two.inference_ms)
    assert together.decode_ms == one.decode_ms == two.decode_ms


def test_a_photo_is_decoded_once_for_each_size_whatever_the_number_of_networks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = []

    def counting(upload: bytes, **options: Any) -> Any:
        sides.append(options["min_side"])
        return decode(upload, **options)

    monkeypatch.setattr(photo_tensors, "decode", counting)
    evaluate([photo(tmp_path, "1.png", GOLDEN, 9)], {A: BrightnessEngine(), B: SureEngine()}, *Resize)
    assert sides == [18, 16, None]


def test_photos_that_can_not_be_decoded_are_set_aside_with_their_codes(tmp_path: Path) -> None:
    good = photo(tmp_path, "good.png", GOLDEN, 255)
    cut, text, gone = (LabelledPhoto(tmp_path / name, TENCH) for name in ("cut.png", "text.png", "gone.png"))
    cut.path.write_bytes(good.path.read_bytes()[:50])
    text.path.write_bytes(b"text")
    found = evaluate([cut, text, gone, good], {A: BrightnessEngine()})
    assert [(path.name, code) for path, code in found.failed] == [
        ("cut.png", "truncated_image"),
        ("text.png", "unsupported_format"),
        ("gone.png", "unreadable"),
    ]
    assert found.photos == (good,)
    assert len(found.answers[0].top) == 1


def test_scores_that_are_no_answer_stop_the_evaluation(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="resnet50 float32 gave scores"):
        evaluate([photo(tmp_path, "1.png", GOLDEN, 9)], {member(): NanEngine()})
