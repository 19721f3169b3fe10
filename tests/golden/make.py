"""Makes preprocess_input.npz: one small image and what Keras's own preprocess_input makes of it, by model name.

python -m tests.golden.make [FILE]
"""

import importlib
import sys
from pathlib import Path

import numpy as np

from models.catalog import CATALOG
from models.known_answers import generated_images

if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("preprocess_input.npz")
    image = generated_images(1, 6, 5, seed=3)[0]
    image[0, 0], image[0, 1] = 0, 255
    golden = {}
    for architecture in CATALOG.values():
        module = importlib.import_module(f"keras.applications.{architecture.keras_module}")
        golden[architecture.name] = module.preprocess_input(image.astype(np.float32))
    np.savez(target, image=image, **golden)
