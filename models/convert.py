"""Keras network -> float32 `.tflite` and Keras's answers to the known images. Imports TensorFlow: a child runs it."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from models.architecture import Architecture
from models.child import Step
from models.engine import Batch
from models.errors import PrepareError
from models.keras_model import build, load_file
from models.known_answers import KnownAnswers
from models.manifest import RANDOM_WEIGHTS_FILE, Precision
from models.random_weights import condition
from preprocessing.spec import InputSpec


def convert(step: Step, architecture: Architecture, weights: str | None, folder: str) -> int:
    """Write `float32.tflite` and `known_answers.npz` into *folder*; return the number of classes.

    *weights* None: seeded random ones, kept as `random.weights.h5` beside them. *step* is told what begins.
    """
    out = Path(folder)
    step("build")
    model = build(architecture, Path(weights) if weights else None)
    if weights is None:
        condition(model, architecture)
        model.save_weights(out / RANDOM_WEIGHTS_FILE)
    classes = _know(architecture, out, model.predict_on_batch)
    _export(step, model, out, architecture.input)
    return classes


def convert_file(step: Step, architecture: Architecture, file: str, folder: str) -> int:
    """As `convert`, from a whole model: `.keras` (or Keras's `.h5`), or the folder of a SavedModel.

    Raises: PrepareError: it can't be read, or is not (size, size, 3) -> probabilities.
    """
    out, path = Path(folder), Path(file)
    step("build")
    if path.is_dir():
        classes = _know(architecture, out, _saved_model(path))
        _convert(step, file, out)
    else:
        model = load_file(path)
        classes = _know(architecture, out, model.predict_on_batch)
        _export(step, model, out, architecture.input)
    return classes


def _know(architecture: Architecture, out: Path, run: Callable[[Batch], Any]) -> int:
    """Write the known images with the answers of *run*; return its classes.  Raises: PrepareError: they are none."""
    spec = architecture.input
    try:
        known = KnownAnswers.of(run, spec)
    except (ValueError, TypeError, tf.errors.OpError) as error:
        size = f"{spec.height} x {spec.width}"
        raise PrepareError(f"{architecture.name} can't be asked about RGB of {size}: {error}") from error
    known.write(out)
    return known.classes


def _export(step: Step, model: Any, out: Path, spec: InputSpec) -> None:
    step("export")
    # Of one size, where the network itself takes any.
    signature = [tf.TensorSpec((None, spec.height, spec.width, 3), tf.float32)]
    with tempfile.TemporaryDirectory(dir=out) as saved_model:
        # From a saved model: TFLiteConverter.from_keras_model breaks on Keras 3 (tensorflow#63987).
        model.export(saved_model, verbose=False, input_signature=signature)
        _convert(step, saved_model, out)


def _convert(step: Step, saved_model: str, out: Path) -> None:
    """Raises: PrepareError: it holds what LiteRT does not know."""
    step("convert")
    try:
        artifact = tf.lite.TFLiteConverter.from_saved_model(saved_model).convert()
    except Exception as error:  # ConverterError has no public name; ValueError and others come too
        raise PrepareError(f"it can't be converted for LiteRT: {error}") from error
    (out / Precision.FLOAT32.file).write_bytes(artifact)


def _saved_model(folder: Path) -> Callable[[Batch], Any]:
    try:
        signature = tf.saved_model.load(folder).signatures["serving_default"]
    except (OSError, KeyError, ValueError) as error:
        raise PrepareError(f"{folder} is no SavedModel with the signature serving_default: {error}") from error
    sources, sinks = signature.structured_input_signature[1], signature.structured_outputs
    if len(sources) != 1 or len(sinks) != 1:
        raise PrepareError(f"{folder} has {len(sources)} inputs and {len(sinks)} outputs; one of each is wanted")
    (source,), (sink,) = sources, sinks
    return lambda batch: signature(**{source: tf.constant(batch)})[sink]
