"""The bare engine: no HTTP, no ring. Run in a process of its own, on the backend that KERAS_BACKEND names.

python -m bench.gpu_engine BUILD PRECISION SECONDS MOST      prints a line of JSON
"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.timed import rate
from models.backend import set_up_backend
from models.engines import Device, keras_maker
from models.known_answers import generated_images
from models.manifest import Manifest, Precision
from models.ring import Ring, RingShape, ring_file
from preprocessing.transform import normalise

if TYPE_CHECKING:
    from models.engine_keras import KerasEngine


def main() -> None:
    """Measure the engine and Keras's own `predict_on_batch`, at every bucket."""
    folder, precision, seconds = Path(sys.argv[1]), Precision(sys.argv[2]), float(sys.argv[3])
    set_up_backend(cpu_only=False)
    import keras

    from models.keras_model import build
    from models.mixed import make_mixed

    manifest = Manifest.read(folder)
    engine = keras_maker(Device.AUTO, int(sys.argv[4]))(manifest, folder, precision)
    engine.warm()
    model = build(manifest.architecture(), folder / manifest.weights.path)
    if precision is Precision.MIXED:
        make_mixed(model)
    told = {
        "into_ring_ms": _into_ring_ms(manifest, seconds / 10),
        "backend": keras.backend.backend(),
        "on_gpu": engine.on_gpu,
        "precision": precision,
        "buckets": {bucket: _rates(engine, model, manifest, bucket, seconds) for bucket in engine.buckets},
    }
    sys.stdout.write(json.dumps(told) + "\n")


def _rates(engine: "KerasEngine", model: Any, manifest: Manifest, bucket: int, seconds: float) -> dict[str, float]:
    """Return images a second of *bucket* at a time."""
    spec = manifest.architecture().input
    images = [*generated_images(bucket, spec.height, spec.width, seed=4)]
    batch = normalise(np.stack(images), spec.normalisation)
    return {
        "engine": rate(lambda: engine.run_bucket(engine.gathered(images)), bucket, seconds),
        "gathered": rate(lambda: engine.gathered(images), bucket, seconds / 10),
        "predict_on_batch": rate(lambda: model.predict_on_batch(batch), bucket, seconds),
    }


def _into_ring_ms(manifest: Manifest, seconds: float) -> float:
    """Return what it takes a worker to hand an image over."""
    spec = manifest.architecture().input
    tensor = generated_images(1, spec.height, spec.width, seed=4)[0].astype(np.float32)
    shape = RingShape(1, spec.height, spec.width, manifest.classes)
    slot = Ring(ring_file(shape), shape).image(0)
    return 1e3 / rate(lambda: np.copyto(slot, tensor, casting="unsafe"), 1, seconds)


if __name__ == "__main__":
    main()
