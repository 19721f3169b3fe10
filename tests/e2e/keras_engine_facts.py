"""What the Keras engine answers. Run in a process of its own, on whichever backend KERAS_BACKEND names.

python -m tests.e2e.keras_engine_facts scores PRECISION OUT BUILD IMAGES [BUILD IMAGES ...]
                        OUT.npz: by build's name the scores (N, classes) of IMAGES.npy (N, h, w, 3) uint8, by threes
python -m tests.e2e.keras_engine_facts room BUILD    what it does on a device without room; a line of JSON
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.engines import Device, keras_maker
from models.errors import OutOfMemory
from models.known_answers import generated_images
from models.manifest import Manifest, Precision

TOGETHER = 3  # images: they are padded to four


def scores(precision: str, out: str, *builds: str) -> None:
    """Answer in buckets that are not full."""
    found = {}
    for folder, file in zip(map(Path, builds[::2]), builds[1::2], strict=True):
        manifest = Manifest.read(folder)
        engine = keras_maker(Device.CPU, 4)(manifest, folder, Precision(precision))
        images = np.load(file)
        parts = [images[start : start + TOGETHER] for start in range(0, len(images), TOGETHER)]
        found[manifest.name] = np.concatenate([engine.run_bucket(engine.gathered(part))[: len(part)] for part in parts])
    np.savez(out, **found)  # type: ignore[arg-type]  # numpy's stubs


def room(build: str) -> None:
    """Let the device have no room for more than two; a failure that can't be made on a CPU."""
    import keras
    import tensorflow as tf

    manifest = Manifest.read(Path(build))
    engine = keras_maker(Device.CPU, 8)(manifest, Path(build), Precision.FLOAT32)
    spec, forward = engine.spec, engine._forward
    images = generated_images(8, spec.height, spec.width, seed=3).astype(np.float32)
    before = engine.run(images)

    def small(given: np.ndarray) -> np.ndarray:
        if len(given) > 2:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
        return forward(given)

    engine._forward = small
    sizes, refusals = [engine.largest], 0
    while engine.largest > 2:
        try:
            engine.run(images)
        except OutOfMemory:
            refusals += 1
            sizes.append(engine.largest)
    after = engine.run(images)
    told = {"sizes": sizes, "refusals": refusals, "change": float(np.abs(after - before).max())}
    told["last"] = keras.backend.standardize_dtype(after.dtype)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    parts: dict[str, Callable[..., None]] = {"scores": scores, "room": room}
    parts[sys.argv[1]](*sys.argv[2:])
