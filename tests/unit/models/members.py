"""Networks to be evaluated, around fake engines or none."""

from models.contestants import Member
from models.manifest import Precision, WeightsKind
from tests.fakes import SPEC


def member(
    name: str = "resnet50",
    precision: Precision = Precision.FLOAT32,
    weights: WeightsKind = WeightsKind.FILE,
    labels_sha256: str = "ours",
) -> Member:
    return Member(name, precision, SPEC, 1000, labels_sha256, weights, f"version of {name}")
