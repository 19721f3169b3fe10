"""Makes preprocess_input.npz: what Keras itself makes of an image.

*image* (6, 5, 3) uint8, and by model name its preprocess_input of it; *jpeg* an encoded photo-like image as uint8, and
*load_img* what keras.utils.load_img makes of that at 224 x 224.

python -m tests.golden.make [FILE]
"""

import importlib
import io
import sys
from pathlib import Path

import numpy as np

from models.catalog import CATALOG
from models.known_answers import generated_images
from tests.pictures import encode

if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_name("preprocess_input.npz")
    image = generated_images(1, 6, 5, seed=3)[0]
    image[0, 0], image[0, 1] = 0, 255
    golden = {}
    for architecture in CATALOG.values():
        module = importlib.import_module(f"keras.applications.{architecture.keras.module}")
        golden[architecture.name] = module.preprocess_input(image.astype(np.float32))
    jpeg = encode(generated_images(1, 200, 150, seed=4)[0], "JPEG", quality=80)
    import keras

    golden["load_img"] = np.asarray(keras.utils.load_img(io.BytesIO(jpeg), target_size=(224, 224)))
    np.savez_compressed(target, image=image, jpeg=np.frombuffer(jpeg, np.uint8), **golden)
