"""Stand-ins for what can't be made to happen with the real thing."""

import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.catalog import CATALOG
from models.classifier import Classifier
from models.cores import Cores
from models.decode_slots import DecodeSlots
from models.engine import Answered, Batch, Engine, Scores
from models.errors import EngineError, ModelUnavailable
from models.judgement import Gate
from models.labels import imagenet_labels
from models.manifest import Precision, WeightsKind
from models.road import Road, UploadLimits
from models.served import SelfTest, ServedModel
from preprocessing.spec import InputSpec, Normalisation
from web.connection import Connection

SPEC = InputSpec(8, 8, Normalisation.TF)


class Clock:
    """Stands until a test moves it."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class BrightnessEngine:
    """Likeliest is class 207 (golden_retriever) for a bright image, class 0 (tench) for a dark one."""

    classes = 1000
    spec = SPEC

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        scores = np.full((len(batch), self.classes), 1e-5, np.float32)
        bright = 207 % self.classes
        scores[:, bright] = (batch.mean(axis=(1, 2, 3)) + 1) / 2
        scores[:, 0] = 1 - scores[:, bright]
        return scores


class BrokenEngine:
    spec = SPEC

    def __init__(self, reason: str = "the runtime broke") -> None:
        self._reason = reason

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        raise EngineError(self._reason)


class NanEngine:
    spec = SPEC

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        return np.full((len(batch), 1000), np.nan, np.float32)


def a_core() -> Cores:
    """One core of our own."""
    return Cores(Path(tempfile.gettempdir()) / f"triptych-test-cores-{os.getpid()}", 1)


def a_road() -> Road:
    """With a core and a decode slot of our own."""
    slots = DecodeSlots(Path(tempfile.gettempdir()) / f"triptych-test-decodes-{os.getpid()}", 1)
    return Road(UploadLimits(), a_core(), slots)


def passes() -> None:
    """A self-test without a fault."""


def served(
    engine: Engine | None = None, weights: WeightsKind = WeightsKind.IMAGENET, self_test: SelfTest = passes
) -> ServedModel:
    """A served model around a fake engine."""
    return ServedModel(
        architecture=replace(CATALOG["resnet50"], input=SPEC),
        classifier=Classifier(engine or BrightnessEngine(), imagenet_labels()),
        version="0123456789ab",
        precision=Precision.FLOAT32,
        weights=weights,
        weights_sha256="00" * 32,
        classes=1000,
        labels_sha256="11" * 32,
        gate=Gate.NONE,
        variants=(),
        self_test=self_test,
    )


class Waited(Connection):
    """A caller's connection that waited *waited_s* for a worker, and has *left_s* more."""

    def __init__(self, waited_s: float = 3.0, left_s: float = 7.0) -> None:
        super().__init__()
        self.waited_s = waited_s
        self.ends_at = time.monotonic() + left_s

    def has_left(self) -> bool:
        """Say that it is there."""
        return False


class Away(BrightnessEngine):
    """In another process, which is not there now; or is."""

    def __init__(self, reason: str = "") -> None:
        self.reason, self.is_closed, self.refuses = reason, False, False

    def begin(self, tensor: object, until: object) -> int:
        raise ModelUnavailable(self.reason)

    def take(self, serial: int, until: object) -> Answered:
        raise AssertionError

    def drop(self, serial: int) -> None:
        raise AssertionError

    def why_not(self, patience_s: float = 0.0) -> str:
        return self.reason

    def is_refused(self) -> bool:
        return self.refuses and bool(self.reason)

    def close(self) -> None:
        self.is_closed = True
