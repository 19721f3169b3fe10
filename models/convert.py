"""Keras network -> float32 `.tflite` and Keras's answers to the known images. Imports TensorFlow: a child runs it."""

import tempfile
from pathlib import Path

import numpy as np
import tensorflow as tf

from models import known_answers
from models.catalog import CATALOG
from models.child import Step
from models.keras_model import build
from models.known_answers import KnownAnswers, generated_images
from models.manifest import RANDOM_WEIGHTS_FILE, Precision
from models.random_weights import condition
from preprocessing.transform import normalise

_SEED = 1


def convert(step: Step, name: str, weights: str | None, folder: str) -> int:
    """Write `float32.tflite` and `known_answers.npz` into *folder*; return the number of classes.

    *weights* None: seeded random ones, kept as `random.weights.h5` beside them. *step* is told what begins.
    """
    architecture, out = CATALOG[name], Path(folder)
    step("build")
    model = build(architecture, Path(weights) if weights else None)
    if weights is None:
        condition(model, architecture)
        model.save_weights(out / RANDOM_WEIGHTS_FILE)
    spec = architecture.input
    images = generated_images(known_answers.COUNT, spec.height, spec.width, _SEED)
    scores = np.asarray(model.predict_on_batch(normalise(images, spec.normalisation)))
    KnownAnswers(images, {Precision.FLOAT32: scores}).write(out)
    step("export")
    with tempfile.TemporaryDirectory(dir=out) as saved_model:
        # From a saved model: TFLiteConverter.from_keras_model breaks on Keras 3 (tensorflow#63987).
        model.export(saved_model, verbose=False)
        step("convert")
        (out / Precision.FLOAT32.file).write_bytes(tf.lite.TFLiteConverter.from_saved_model(saved_model).convert())
    return int(scores.shape[1])
