"""Figures against values computed by hand."""

from pathlib import Path

import numpy as np
import pytest

from models.answers import Answers
from models.contestants import Contestant
from models.engine import Scores
from models.evaluate import Evaluation
from models.figures import Confusion, best_of, figures_of
from models.interval import wilson
from models.manifest import Precision
from models.photo_labels import LabelledPhoto
from preprocessing.spec import Resize
from tests.unit.models.members import member


def scores(*ranked: int, best: float = 0.5) -> Scores:
    """The classes *ranked*, likeliest first; the first has the probability *best*."""
    row = np.zeros(10, np.float32)
    for place, index in enumerate(ranked):
        row[index] = best - 0.01 * place
    return row


def answers(precision: Precision, rows: list[Scores], resize: Resize = Resize.CROP) -> Answers:
    found = Answers(Contestant("a", precision, (member("a", precision),)), resize)
    for number, row in enumerate(rows, 1):
        found.add(row, 0.001 * number, 0.01 * number)
    return found


def evaluation(truths: list[int], *given: Answers) -> Evaluation:
    photos = tuple(LabelledPhoto(Path(f"{number}.jpg"), truth) for number, truth in enumerate(truths))
    return Evaluation(photos, given, ())


TRUTHS = [0, 1, 2, 3]
ROWS = [scores(0, 9), scores(9, 1), scores(9, 8, 7, 6, 2), scores(9, 8, 7, 6, 5)]


def test_shares_intervals_and_milliseconds() -> None:
    (found,) = figures_of(evaluation(TRUTHS, answers(Precision.FLOAT32, ROWS)), 10)
    assert {k: share.hits for k, share in found.top.items()} == {1: 1, 3: 2, 5: 3}
    assert found.top[1] == (1, 4, wilson(1, 4))
    assert found.top[3].value == 0.5
    assert found.decode == pytest.approx((2.5, 3.85))  # of 1, 2, 3, 4
    assert found.inference == pytest.approx((25, 38.5))
    assert found.recognised.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0]


def test_agreement_is_with_float32_of_the_same_resize() -> None:
    changed = [scores(0), scores(9), scores(8), scores(9)]
    found = figures_of(
        evaluation(
            TRUTHS,
            answers(Precision.FLOAT32, ROWS, Resize.SQUASH),
            answers(Precision.FLOAT32, changed, Resize.CROP),
            answers(Precision.INT8, changed, Resize.SQUASH),
            answers(Precision.INT8, changed, Resize.KERAS),
        ),
        10,
    )
    assert [one.agreement and one.agreement.value for one in found] == [None, None, 0.75, None]


def test_the_most_frequent_confusion_comes_first_then_the_surest_with_its_surest_example() -> None:
    rows = [scores(1, best=0.9), scores(2, best=0.3), scores(2, best=0.4), scores(3, best=0.95), scores(4)]
    (found,) = figures_of(evaluation([0, 0, 0, 0, 4], answers(Precision.FLOAT32, rows)), 10)
    assert found.confusions == (
        Confusion(0, 2, 2, float(np.float32(0.4)), Path("2.jpg")),
        Confusion(0, 3, 1, float(np.float32(0.95)), Path("3.jpg")),
        Confusion(0, 1, 1, float(np.float32(0.9)), Path("0.jpg")),
    )


def test_the_best_is_the_most_accurate_and_of_equals_the_quickest() -> None:
    slow, quick = answers(Precision.FLOAT32, ROWS), answers(Precision.INT8, ROWS[:1])
    for row in ROWS[1:]:
        quick.add(row, 0.0001, 0.001)
    wrong = answers(Precision.FLOAT32, [scores(5)] * 4, Resize.KERAS)
    assert best_of(figures_of(evaluation(TRUTHS, slow, quick, wrong), 10)).contestant.precision == "int8"


def test_a_network_with_fewer_classes_than_are_kept_has_no_further_ones() -> None:
    few = Answers(Contestant("a", Precision.FLOAT32, (member(),)), Resize.CROP)
    few.add(np.array([0.1, 0.7, 0.2], np.float32), 0, 0)
    assert few.top.tolist() == [[1, 2, 0, -1, -1]]
