"""An engine process that computes nothing: what remains is HTTP, decoding, ring and batcher.

python -m bench.null_engine FD PID      started by bench/null_conf.py in the place of `wiring_engine`
"""

import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import wiring_engine
from config import Settings
from models.engine_words import Wanted
from models.hosted import Hosted, Run
from models.manifest import Manifest
from preprocessing.spec import InputSpec, Normalisation


class NullEngine:
    """Copies the images as the real one does, and is sure of their first class."""

    def __init__(self, manifest: Manifest, largest: int) -> None:
        self.largest = largest
        self.spec = InputSpec(manifest.input.height, manifest.input.width, Normalisation.NONE)
        self._buffer = np.zeros((self.largest, self.spec.height, self.spec.width, 3), np.uint8)
        self._scores = np.zeros((self.largest, manifest.classes), np.float32)
        self._scores[:, 0] = 1

    def gathered(self, images: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
        """See `KerasEngine.gathered`."""
        return np.stack(images, out=self._buffer[: len(images)])

    def run_bucket(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `KerasEngine.run_bucket`."""
        return self._scores[: len(images)]


def host(settings: Settings, wanted: Wanted, device: threading.Lock, told: Callable[[Run], None]) -> Hosted:
    """See `wiring_engine.Host`."""
    manifest = Manifest.read(Path(wanted.folder))
    engine: Any = NullEngine(manifest, settings.max_batch or 64)
    return Hosted(wanted.name, engine, manifest.classes, device, wiring_engine.batching(settings), told=told)


if __name__ == "__main__":
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    wiring_engine.main(host)
