"""float32 `.tflite` -> dynamic-range int8, and both held against Keras's answers. Imports LiteRT: a child runs it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from ai_edge_quantizer import quantizer, recipe

from models.catalog import CATALOG
from models.engine_litert import LiteRtEngine
from models.errors import PrepareError
from models.known_answers import FLOAT32_TOLERANCE, KnownAnswers
from models.manifest import Precision
from preprocessing.transform import normalise


def quantise(step: Callable[[str], None], name: str, folder: str, classes: int) -> dict[Precision, float]:
    """Write `int8.tflite` and its answers into *folder*; return the largest change of a probability by precision.

    Raises: PrepareError: the float32 artifact does not answer like Keras.
    """
    spec, out = CATALOG[name].input, Path(folder)
    step("quantise")
    maker = quantizer.Quantizer(str(out / Precision.FLOAT32.file))
    maker.load_quantization_recipe(recipe.dynamic_wi8_afp32())
    maker.quantize().export_model(str(out / Precision.INT8.file))
    step("check")
    known = KnownAnswers.read(out)
    oracle = known.scores[Precision.FLOAT32]
    batch = normalise(known.images, spec.normalisation)
    scores = {p: LiteRtEngine(out / p.file, spec, classes, threads=(1,)).run(batch) for p in Precision}
    changes = {p: float(np.abs(scores[p] - oracle).max()) for p in Precision}
    if not changes[Precision.FLOAT32] <= FLOAT32_TOLERANCE:
        raise PrepareError(f"{name}: the float32 artifact differs from Keras by {changes[Precision.FLOAT32]:.2g}")
    KnownAnswers(known.images, scores | {Precision.FLOAT32: oracle}).write(out)
    return changes
