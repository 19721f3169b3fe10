"""Who is evaluated: every network at every precision, and the ensembles of those that may answer together."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from models.engine import Engine
from models.ensemble import ENSEMBLE, together
from models.manifest import Precision, WeightsKind
from models.served import VERSION_DIGITS, MakeEngine, load_engine, read_manifest
from preprocessing.spec import InputSpec


@dataclass(frozen=True, slots=True)
class Member:
    """One network at one precision. *labels_sha256* says which classes the columns of its scores are."""

    name: str
    precision: Precision
    spec: InputSpec
    classes: int
    labels_sha256: str
    weights: WeightsKind
    version: str


class Contestant(NamedTuple):
    """What answers is the mean of the probabilities of *members*, which are one, or an ensemble's."""

    name: str
    precision: Precision
    members: tuple[Member, ...]


def load_members(folder: Path, name: str, make_engine: MakeEngine) -> dict[Member, Engine]:
    """Load one prepared model at every precision that its manifest has. Only the engines hold much memory.

    Raises: ModelError: not prepared, changed since, or not answering as it did.
    """
    manifest = read_manifest(folder)
    spec = manifest.architecture().input
    return {
        Member(
            name=name,
            precision=precision,
            spec=spec,
            classes=manifest.classes,
            labels_sha256=manifest.labels_sha256,
            weights=manifest.weights.kind,
            version=artifact.record.sha256[:VERSION_DIGITS],
        ): load_engine(folder, manifest, precision, make_engine)
        for precision, artifact in manifest.artifacts.items()
    }


def contestants(members: Sequence[Member]) -> tuple[Contestant, ...]:
    """Return each of *members* by itself, and then the ensemble of each precision that may have one."""
    alone = tuple(Contestant(member.name, member.precision, (member,)) for member in members)
    precisions = dict.fromkeys(member.precision for member in members)
    ensembles = (ensemble([m for m in members if m.precision is precision]) for precision in precisions)
    return alone + tuple(found for found in ensembles if found)


def ensemble(members: Sequence[Member]) -> Contestant | None:
    """Return what *members* of one precision make together, or None: they don't fit."""
    voters = together(members)
    return Contestant(ENSEMBLE, voters[0].precision, voters) if voters else None
