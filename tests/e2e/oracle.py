"""What Keras itself answers: its own classes, its own preprocess_input. Run in a process of its own (TensorFlow).

python -m tests.e2e.oracle IMAGES.npz SCORES.npz      images and scores by model name; weights given as NAME=FILE
"""

import importlib
import sys

import keras
import numpy as np
from keras.src.utils import file_utils

from models.catalog import CATALOG

if __name__ == "__main__":
    source, target, *weights = sys.argv[1:]
    images, answers = np.load(source), {}
    for name, file in (pair.split("=", 1) for pair in weights):
        architecture = CATALOG[name]
        file_utils.get_file = lambda *_, file=file, **__: file  # what Keras would download
        model = getattr(keras.applications, architecture.keras.keras_class)(weights="imagenet")
        assert model.count_params() == architecture.parameters, name
        preprocess = importlib.import_module(f"keras.applications.{architecture.keras.module}").preprocess_input
        answers[name] = model.predict_on_batch(preprocess(images[name].astype(np.float32)))
    np.savez(target, **answers)
