"""What the manifest keeps of the gate: by what a precision was judged, and how it did."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Gate(StrEnum):
    """By what a precision was judged that is served in place of float32."""

    PHOTOS = "photos"  # of the operator's: agreement and change of the probabilities
    NUMERIC = "numeric"  # too few photos: generated images, change of the probabilities alone
    NONE = "none (random weights)"  # nothing to lose


class Agreement(_Frozen):
    """How a precision answers beside float32 on *images* images.

    *compared*: those where float32 is sure (its margin exceeds MARGIN); *agreed*: those of them with the same top-1;
    *low*: lower end of its 95 % interval; *p99_change*: 99th percentile of the largest |change| of a probability.
    """

    images: int
    compared: int
    agreed: int
    low: float
    p99_change: float


class PhotoSet(_Frozen):
    """The photos that a model was calibrated with and judged by: how many, and a hash of their names and sizes."""

    count: int
    sha256: str
