"""A network with weights from the seed, made by Keras alone: for a machine with neither TensorFlow nor LiteRT's tools.

python -m bench.gpu_build CACHE_DIR NAME           only ENGINE=keras can serve it: its artifact is an empty file
python -m bench.gpu_build CACHE_DIR NAME --null    for bench/null_engine.py, which is sure of the first class
"""

import sys
from pathlib import Path

import numpy as np

from models.architecture import Architecture
from models.backend import set_up_backend
from models.catalog import CATALOG
from models.engine import Batch, Scores
from models.known_answers import KnownAnswers
from models.manifest import RANDOM_WEIGHTS_FILE, Precision
from models.plan import Job
from models.prepare import manifest_of
from models.store import Store


def main() -> None:
    """Make it, unless it is there."""
    store, architecture = Store(Path(sys.argv[1])), CATALOG[sys.argv[2]]
    if store.has(architecture.name, random=True):
        return
    make = _nothing if "--null" in sys.argv else _network
    with store.lock(), store.building(architecture.name, random=True) as folder:
        known = make(architecture, folder / RANDOM_WEIGHTS_FILE)
        known.write(folder)
        (folder / Precision.FLOAT32.file).touch()
        job = Job(architecture, None)
        manifest_of(job, folder, known.classes, {Precision.FLOAT32: 0.0}, {}).write(folder)


def _network(architecture: Architecture, weights: Path) -> KnownAnswers:
    set_up_backend(cpu_only=False)
    from models.keras_model import build
    from models.random_weights import condition

    model = build(architecture, None)
    condition(model, architecture)
    model.save_weights(weights)
    return KnownAnswers.of(model.predict_on_batch, architecture.input)


def _nothing(architecture: Architecture, weights: Path) -> KnownAnswers:
    weights.touch()

    def first(batch: Batch) -> Scores:
        return np.tile(np.eye(1, len(architecture.labels), dtype=np.float32), (len(batch), 1))

    return KnownAnswers.of(first, architecture.input)


if __name__ == "__main__":
    main()
