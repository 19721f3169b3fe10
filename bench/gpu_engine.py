"""The bare engine: no HTTP, no ring. Run in a process of its own, on the backend that KERAS_BACKEND names.

python -m bench.gpu_engine BUILD PRECISION SECONDS MOST      prints a line of JSON
"""

import json
import sys
from pathlib import Path

import numpy as np

from bench.timed import rate
from models.backend import set_up_backend
from models.engines import Device, keras_maker
from models.known_answers import generated_images
from models.manifest import Manifest, Precision
from models.ring import Ring, RingShape, ring_file
from preprocessing.transform import normalise


def main() -> None:
    """Measure the engine and Keras's own `predict_on_batch`, at every bucket."""
    folder, precision, seconds = Path(sys.argv[1]), Precision(sys.argv[2]), float(sys.argv[3])
    set_up_backend(cpu_only=False)
    import keras

    from models.engine_keras import KerasEngine
    from models.keras_model import build
    from models.mixed import make_mixed

    manifest = Manifest.read(folder)
    engine: KerasEngine = keras_maker(Device.AUTO, int(sys.argv[4]))(manifest, folder, precision)
    engine.warm()
    architecture = manifest.architecture()
    model = build(architecture, folder / manifest.weights.path)
    if precision is Precision.MIXED:
        make_mixed(model)
    spec, buckets = architecture.input, {}
    for bucket in engine.buckets:
        images = [*generated_images(bucket, spec.height, spec.width, seed=4)]
        batch = normalise(np.stack(images), spec.normalisation)
        buckets[bucket] = {
            "engine": rate(lambda: engine.run_bucket(engine.gathered(images)), bucket, seconds),  # noqa: B023
            "gathered": rate(lambda: engine.gathered(images), bucket, seconds / 10),  # noqa: B023
            "predict_on_batch": rate(lambda: model.predict_on_batch(batch), bucket, seconds),  # noqa: B023
        }
    tensor = generated_images(1, spec.height, spec.width, seed=4)[0].astype(np.float32)
    shape = RingShape(1, spec.height, spec.width, manifest.classes)
    slot = Ring(ring_file(shape), shape).image(0)
    into_ring_ms = 1e3 / rate(lambda: np.copyto(slot, tensor, casting="unsafe"), 1, seconds / 10)
    told = {
        "into_ring_ms": into_ring_ms,
        "backend": keras.backend.backend(),
        "on_gpu": engine.on_gpu,
        "precision": precision,
        "buckets": buckets,
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
