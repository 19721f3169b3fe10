"""When a quicker precision may be served in place of float32."""

import math

import numpy as np
import pytest

from models.gate import Comparison, agreement, compare, objection
from models.judgement import Agreement, Gate


def scores(*probs: float) -> np.ndarray:
    return np.array(probs, np.float32)


def test_an_image_is_compared_by_its_likeliest_class_and_its_largest_change() -> None:
    found = compare(scores(0.7, 0.2, 0.1), scores(0.3, 0.6, 0.1))
    assert found.sure
    assert not found.same_top1
    assert found.change == pytest.approx(0.4)


def test_where_float32_itself_wavers_no_agreement_is_asked() -> None:
    assert not compare(scores(0.41, 0.39, 0.2), scores(0.39, 0.41, 0.2)).sure
    comparisons = [Comparison(True, True, 0.01)] * 200 + [Comparison(False, False, 0.02)] * 50
    assert agreement(comparisons).agreed == agreement(comparisons).compared == 200


def found(agreed: int, count: int, change: float = 0.05) -> Agreement:
    sure = [Comparison(True, i < agreed, change) for i in range(count)]
    return agreement(sure)


@pytest.mark.parametrize(
    ("judged", "photos", "numeric"),
    [
        (found(200, 200), True, True),
        (found(199, 200), True, True),  # from 97.2 %
        (found(198, 200), False, True),  # from 96.4 %
        (found(200, 200, change=0.11), False, False),
        (found(100, 100), False, True),  # too few: from 96.3 %
        (found(200, 200).model_copy(update={"p99_change": math.nan}), False, False),
    ],
)
def test_photos_ask_for_agreement_and_closeness_a_numeric_gate_for_closeness(
    judged: Agreement, photos: bool, numeric: bool
) -> None:
    assert (not objection(judged, Gate.PHOTOS)) is photos
    assert (not objection(judged, Gate.NUMERIC)) is numeric


def test_one_outlier_in_a_thousand_does_not_decide_and_two_in_a_hundred_do() -> None:
    calm = [Comparison(True, True, 0.01)]
    wild = [Comparison(True, True, 0.5)]
    assert objection(agreement(calm * 999 + wild), Gate.PHOTOS) == ""
    assert "change by more than 0.1" in objection(agreement(calm * 980 + wild * 20), Gate.PHOTOS)


def test_too_few_photos_are_told_from_too_little_agreement() -> None:
    assert objection(found(112, 112), Gate.PHOTOS) == "float32 is sure of too few photos (112)"
    assert objection(found(110, 112), Gate.PHOTOS) == "the same top-1 is not certain for 97%"
