"""Who answers alone, and who together."""

import pytest

from models.contestants import Member, contestants, ensemble
from models.manifest import Precision, WeightsKind
from tests.unit.models.members import member

A, B = member("a"), member("b")
RANDOM = member("r", weights=WeightsKind.RANDOM)
OTHER_RANDOM = member("s", weights=WeightsKind.RANDOM)


def test_each_network_answers_alone_at_each_precision_and_together_at_each_that_two_have() -> None:
    int8 = member("a", Precision.INT8)
    found = [(c.name, c.precision, c.members) for c in contestants([A, int8, B])]
    assert found == [
        ("a", "float32", (A,)),
        ("a", "int8", (int8,)),
        ("b", "float32", (B,)),
        ("ensemble", "float32", (A, B)),
    ]


@pytest.mark.parametrize(
    ("members", "together"),
    [
        ([A], None),
        ([A, B, RANDOM], (A, B)),
        ([A, RANDOM], None),
        ([RANDOM, OTHER_RANDOM], (RANDOM, OTHER_RANDOM)),
        ([A, member("b", labels_sha256="others")], None),
    ],
)
def test_an_ensemble_needs_two_of_the_same_classes_and_never_mixes_random_weights_in(
    members: list[Member], together: tuple[Member, ...] | None
) -> None:
    found = ensemble(members)
    assert (found and found.members) == together
