import numpy as np

from models.labels import Label
from models.top_k import top_k

LABELS = tuple(Label(f"n{i}", f"class {i}") for i in range(5))


def names(scores: list[float], k: int) -> list[str]:
    return [p.name for p in top_k(np.array(scores, np.float32), LABELS, k)]


def test_the_best_comes_first() -> None:
    assert names([0.1, 0.5, 0.05, 0.3, 0.05], 3) == ["class 1", "class 3", "class 0"]


def test_more_than_there_are_gives_all() -> None:
    assert len(names([0.1, 0.5, 0.05, 0.3, 0.05], 10)) == 5


def test_equal_probabilities_keep_the_order_of_the_labels() -> None:
    assert names([0.2, 0.2, 0.2, 0.2, 0.2], 3) == ["class 0", "class 1", "class 2"]


def test_a_prediction_carries_id_name_and_a_plain_float() -> None:
    (best,) = top_k(np.array([0, 0, 1, 0, 0], np.float32), LABELS, 1)
    assert best == ("n2", "class 2", 1.0)
    assert type(best.prob) is float
