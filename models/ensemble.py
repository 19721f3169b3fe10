"""Which networks may answer together: the mean of their probabilities."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from models.manifest import WeightsKind

ENSEMBLE = "ensemble"


class Voter(Protocol):
    """What is asked of each. *labels_sha256* says which classes the columns of its scores are."""

    @property
    def weights(self) -> WeightsKind:
        """Where its weights come from."""
        ...

    @property
    def labels_sha256(self) -> str:
        """The hash of its labels."""
        ...


V = TypeVar("V", bound=Voter)


def together(voters: Sequence[V]) -> tuple[V, ...]:
    """Return those of *voters* that make an ensemble; none where fewer than two are left or they differ in classes.

    Random weights never answer together with real ones; they are left out.
    """
    real = tuple(voter for voter in voters if voter.weights is not WeightsKind.RANDOM)
    chosen = real or tuple(voters)
    if len(chosen) < 2 or len({voter.labels_sha256 for voter in chosen}) > 1:
        return ()
    return chosen
