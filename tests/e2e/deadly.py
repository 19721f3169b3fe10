"""The service with a fake network over which a black image is the end of a process, or its last: see FATE."""

import os
import signal
import time
from pathlib import Path

from flask import Flask

from app import create_app
from models.engine import Batch, Scores
from models.served import ServedModel
from tests.fakes import BrightnessEngine, served

FATE = "BLACK_IMAGES"  # in the environment: `kill`, or a file: hang and make it, but where it is there already
HANGS_S = 3600
BLACK = -0.99  # of tensors from -1 to 1


class DeadlyEngine(BrightnessEngine):
    """Meets the fate that the environment names."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        fate = os.environ.get(FATE, "")
        if fate and batch.mean() < BLACK:
            self._meet(fate)
        return super().run(batch, threads)

    def _meet(self, fate: str) -> None:
        if fate == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        elif not Path(fate).exists():
            Path(fate).touch()
            time.sleep(HANGS_S)


def make() -> Flask:
    """Return the application."""
    return create_app(load=_load)


def _load(_: str) -> ServedModel:
    return served(DeadlyEngine())
