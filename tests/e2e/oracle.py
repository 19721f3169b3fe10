"""What Keras itself answers: its own classes, its own preprocess_input. Run in a process of its own (TensorFlow).

python -m tests.e2e.oracle IMAGES.npz SCORES.npz      images and scores by model name; weights given as NAME=FILE
"""

import importlib
import sys

import keras
import numpy as np

from models.catalog import CATALOG

if __name__ == "__main__":
    source, target, *weights = sys.argv[1:]
    images, answers = np.load(source), {}
    for name, file in (pair.split("=", 1) for pair in weights):
        architecture = CATALOG[name]
        model = getattr(keras.applications, architecture.keras_class)(weights=None)
        model.load_weights(file)
        assert model.count_params() == architecture.parameters, name
        preprocess = importlib.import_module(f"keras.applications.{architecture.keras_module}").preprocess_input
        answers[name] = model.predict_on_batch(preprocess(images[name].astype(np.float32)))
    np.savez(target, **answers)
