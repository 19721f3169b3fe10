"""One model as it is served, and how it comes from its prepared folder into memory."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from models.architecture import Architecture
from models.classifier import Classifier
from models.engine import Elsewhere, Engine
from models.errors import ArtifactError
from models.judgement import Gate
from models.known_answers import KnownAnswers
from models.manifest import KNOWN_ANSWERS_FILE, Manifest, Precision, WeightsKind
from models.speeds import MachineHalf
from models.variants import Variant, variants

log = logging.getLogger(__name__)

VERSION_DIGITS = 12
# Also the warm-up, with one thread; what is compiled for more threads maps the same weights. `models verify` runs all.
_CHECKS_AT_LOAD = 1

_OUTDATED = "prepared for another version of the catalog or labels; run `flask --app app models prepare`"

SelfTest = Callable[[], None]
MakeEngine = Callable[[Manifest, Path, Precision], Engine]
Made = TypeVar("Made", bound=Engine)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A loaded model with what answers say of it.

    *version*: the first 12 hex digits of the artifact's SHA-256. *gate*: by what the quicker *variants* were judged.
    *self_test* runs a known answer and raises ModelError where it differs; not beside a request.
    """

    architecture: Architecture
    classifier: Classifier
    version: str
    precision: Precision
    weights: WeightsKind
    weights_sha256: str
    classes: int
    labels_sha256: str
    gate: Gate
    variants: tuple[Variant, ...]
    self_test: SelfTest


def load(folder: Path, *, precision: Precision | None, make_engine: MakeEngine, cores: int) -> ServedModel:
    """Load one prepared model, warm it and check a known answer.

    *precision* None is what was chosen for this machine, by speeds measured on *cores* cores.

    Raises: ModelError: not prepared, changed since, or not answering as it did.
    """
    manifest = read_manifest(folder)
    architecture = manifest.architecture()
    half = MachineHalf.read(folder, manifest, cores)
    if precision is None:
        precision = _choice(half, manifest.name)
    engine, self_test = _load_tested(folder, manifest, precision, make_engine)
    artifact = manifest.artifacts[precision.artifact]
    if not artifact.passed:
        log.warning("%s: %s is served as PRECISION says, and did not pass the gate", manifest.name, precision)
    return ServedModel(
        architecture=architecture,
        classifier=Classifier(engine, architecture.labels),
        version=artifact.record.sha256[:VERSION_DIGITS],
        precision=precision,
        weights=manifest.weights.kind,
        weights_sha256=manifest.weights.record.sha256,
        classes=manifest.classes,
        labels_sha256=manifest.labels_sha256,
        gate=manifest.gate,
        variants=variants(manifest, half),
        self_test=self_test,
    )


def _choice(half: MachineHalf | None, name: str) -> Precision:
    if half is None:
        log.warning("%s: no speeds were measured on this machine, so float32 is served", name)
        return Precision.FLOAT32
    return half.choice


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a prepared model.  Raises: ArtifactError: none, or made for another version of us."""
    manifest = Manifest.read(folder)
    if not manifest.fits_us():
        raise ArtifactError(_OUTDATED)
    return manifest


def load_engine(
    folder: Path, manifest: Manifest, precision: Precision, make_engine: Callable[[Manifest, Path, Precision], Made]
) -> Made:
    """Return the engine of a prepared model that *manifest* describes, warmed by a known answer.

    Raises: ModelError: a file has changed since, or it does not answer as it did.
    """
    return _load_tested(folder, manifest, precision, make_engine)[0]


def _load_tested(
    folder: Path, manifest: Manifest, precision: Precision, make_engine: Callable[[Manifest, Path, Precision], Made]
) -> tuple[Made, SelfTest]:
    """Return the engine, as `load_engine` does, and its self-test, which has passed.

    Raises: ModelError: a file has changed since, or it does not answer as it did.
    """
    if not manifest.known_answers.matches(folder / KNOWN_ANSWERS_FILE):
        raise ArtifactError(f"{KNOWN_ANSWERS_FILE} is not the file that was prepared")
    artifact = manifest.artifacts.get(precision.artifact)
    if artifact is None:
        raise ArtifactError(f"not prepared in {precision}; run `flask --app app models prepare --images DIR`")
    file = precision.artifact.file
    if not artifact.record.matches(folder / file):
        raise ArtifactError(f"{file} is not the file that was prepared")
    engine = make_engine(manifest, folder, precision)
    known = KnownAnswers.read(folder).first(precision, _CHECKS_AT_LOAD)
    self_test = partial(known.check, engine, precision, _max_change(manifest, precision))
    if not isinstance(engine, Elsewhere):  # whoever waits for one that is elsewhere tests it then
        self_test()
    return engine, self_test


def _max_change(manifest: Manifest, precision: Precision) -> float:
    """Return how far its answers strayed from float32's when it was built; of mixed int8's, which stray further."""
    judged = manifest.artifacts.get(Precision.INT8 if precision is Precision.MIXED else precision)
    return judged.max_change if judged else 0.0


def verify(folder: Path, *, make_engine: MakeEngine) -> Manifest:
    """Hash every file of a prepared model and run all known answers at every precision.

    Raises: ModelError: something differs.
    """
    manifest = read_manifest(folder)
    for file, record in manifest.files().items():
        if not record.matches_hash(folder / file):
            raise ArtifactError(f"{file} is not the file that was prepared")
    known = KnownAnswers.read(folder)
    for precision, artifact in manifest.artifacts.items():
        engine = make_engine(manifest, folder, precision)
        known.check(engine, precision, artifact.max_change)
    return manifest
