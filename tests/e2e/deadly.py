"""The service with a fake network over which a black image is the end of a process, or which is broken: see FATE."""

import os
import signal
import time
from pathlib import Path

from flask import Flask

from app import create_app
from models.engine import Batch, Scores
from models.errors import ArtifactError, EngineError
from models.served import ServedModel
from tests.fakes import BrightnessEngine, served

# In the environment. `kill`: a black image ends its process. A file: it makes the file and hangs, but where it is there
# already. `broken`: every image fails, and so does the self-test. `unloadable`: the network can't be loaded.
FATE = "FATE_OF_A_TEST"
HANGS_S = 3600
BLACK = -0.99  # of tensors from -1 to 1


class DeadlyEngine(BrightnessEngine):
    """Meets the fate that the environment names."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        fate = os.environ.get(FATE, "")
        if fate == "broken":
            raise EngineError("it is broken")
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
    if os.environ.get(FATE) == "unloadable":
        raise ArtifactError("it can't be loaded")
    return served(DeadlyEngine(), self_test=_self_test)


def _self_test() -> None:
    if os.environ.get(FATE) == "broken":
        raise ArtifactError("known answers differ by 0.5")
