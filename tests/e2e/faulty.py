"""The service with fake networks, some of which never come back: `gunicorn "tests.e2e.faulty:make()"`."""

import ctypes
import tempfile
import time
from pathlib import Path

from flask import Flask

from app import create_app
from models.engine import Batch, Engine, Scores
from models.errors import ArtifactError
from models.served import ServedModel
from tests.fakes import BrightnessEngine, served

HANGS_S = 3600
SWITCH = "known-answers-differ"  # a file in the folder for temporary files


class Sleeping(BrightnessEngine):
    """Hangs, and lets the process's other threads run."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        time.sleep(HANGS_S)
        return super().run(batch, threads)


class Holding(BrightnessEngine):
    """Hangs in C and holds the GIL, as `CompiledModel` does while it runs."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        ctypes.PyDLL(None).sleep(HANGS_S)
        return super().run(batch, threads)


class Slow(BrightnessEngine):
    """Takes a moment, so that load can be told from none."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        time.sleep(0.02)
        return super().run(batch, threads)


ENGINES: dict[str, type[Engine]] = {"resnet50": Slow, "vgg16": Sleeping, "inceptionv3": Holding}


def make() -> Flask:
    """Return the application, whose networks are ENGINES."""
    return create_app(load=_load)


def _load(name: str) -> ServedModel:
    return served(ENGINES[name](), self_test=_self_test)


def _self_test() -> None:
    if (Path(tempfile.gettempdir()) / SWITCH).exists():
        raise ArtifactError("known answers differ by 0.5")
