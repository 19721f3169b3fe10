"""The manifest: what a prepared model is made of and from. Written last, read by everyone, trusted by nobody unread."""

from enum import StrEnum
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from models.architecture import Architecture, Taught
from models.catalog import CATALOG
from models.errors import ArtifactError
from models.file_record import FileRecord
from models.judgement import Agreement, Gate, PhotoSet
from models.labels import Label
from preprocessing.spec import InputSpec, Normalisation

FILE_NAME = "manifest.json"
KNOWN_ANSWERS_FILE = "known_answers.npz"
RANDOM_WEIGHTS_FILE = "random.weights.h5"  # beside the manifest, where the weights are random
FORMAT = 2  # raised when what prepare writes changes: older preparations are then made anew


class Precision(StrEnum):
    """Of an artifact; what goes in and comes out is float32 in all of them."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"  # weights only; computed in float32 where the CPU has no float16
    INT8 = "int8"  # dynamic range: activations quantised per call
    INT8_STATIC = "int8-static"  # activations on scales calibrated with photos; only where some were given
    MIXED = "mixed"  # no artifact: Keras computes in float16 with float32's weights, the softmax in float32

    @property
    def artifact(self) -> "Precision":
        """Return that of the artifact which holds its weights."""
        return Precision.FLOAT32 if self is Precision.MIXED else self

    @property
    def file(self) -> str:
        """Name of the artifact beside the manifest."""
        return f"{self.value}.tflite"


class WeightsKind(StrEnum):
    """Where weights came from, as answers tell it."""

    IMAGENET = "imagenet"  # a file whose hash Keras publishes
    FILE = "file"  # any other file
    POCKET = "pocket"  # of the model in the box
    RANDOM = "random"  # seeded and conditioned; for trying out, recognises nothing


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Weights(_Frozen):
    """The weights a model was built from: *path* is where they lay (random: the file beside the manifest)."""

    kind: WeightsKind
    path: Path
    record: FileRecord


class Input(_Frozen):
    """What the artifact eats, as the catalog said when it was made."""

    height: int
    width: int
    normalisation: str


class Artifact(_Frozen):
    """One `.tflite`. *max_change* is the largest |difference| of a probability to Keras on the known images.

    *passed*: it may be served in place of float32; *agreement* is None for float32 itself and without a gate.
    """

    record: FileRecord
    max_change: float
    passed: bool
    agreement: Agreement | None = None


class Own(_Frozen):
    """What no catalog knows of a model that its operator added."""

    title: str
    parameters: int | None
    labels: tuple[Label, ...]
    taught: Taught | None = None


class Manifest(_Frozen):
    """Everything about one prepared model. *own*: it was added (`models add`); else the catalog knows it."""

    format: int
    name: str
    weights: Weights
    input: Input
    classes: int
    labels_sha256: str
    gate: Gate
    photos: PhotoSet | None
    artifacts: dict[Precision, Artifact]
    known_answers: FileRecord
    versions: dict[str, str]
    own: Own | None = None

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Raises: ArtifactError: there is none, or it can't be understood."""
        path = folder / FILE_NAME
        try:
            return cls.model_validate_json(path.read_bytes())
        except FileNotFoundError:
            raise ArtifactError("not prepared; run `flask --app app models prepare`") from None
        except (OSError, ValidationError) as error:
            raise ArtifactError(f"{FILE_NAME} is not readable: {type(error).__name__}") from error

    def write(self, folder: Path) -> None:
        """Write it into *folder*."""
        (folder / FILE_NAME).write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    def files(self) -> dict[str, FileRecord]:
        """Return the record of every file that lies beside the manifest, by name."""
        files = {precision.file: artifact.record for precision, artifact in self.artifacts.items()}
        files[KNOWN_ANSWERS_FILE] = self.known_answers
        if self.weights.kind is WeightsKind.RANDOM:
            files[RANDOM_WEIGHTS_FILE] = self.weights.record
        return files

    def fits_us(self) -> bool:
        """Say whether it was made by this version of us from what the catalog says today under the name it bears."""
        if self.own is None and self.name not in CATALOG:
            return False
        architecture = self.architecture()
        same = self.input == input_of(architecture) and self.labels_sha256 == architecture.labels_sha256
        return same and self.format == FORMAT

    def architecture(self) -> Architecture:
        """Return what the catalog knows of it, or what it says of itself."""
        return CATALOG[self.name] if self.own is None else own_architecture(self.name, self.input, self.own)


def own_architecture(name: str, input_: Input, own: Own) -> Architecture:
    """Return what a manifest says of a network that no catalog knows."""
    return Architecture(
        name=name,
        title=own.title,
        input=InputSpec(input_.height, input_.width, Normalisation(input_.normalisation)),
        parameters=own.parameters,
        own_labels=own.labels,
        taught=own.taught,
    )


def input_of(architecture: Architecture) -> Input:
    """Return the catalog's input spec as the manifest keeps it."""
    spec = architecture.input
    return Input(height=spec.height, width=spec.width, normalisation=spec.normalisation.value)
