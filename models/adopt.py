"""A `.tflite` of the operator's -> prepared artifact and known answers. Imports LiteRT: a child runs it."""

import shutil
from pathlib import Path

import numpy as np

from models import known_answers
from models.architecture import Architecture
from models.child import Step
from models.engine_litert import LiteRtEngine, is_quantised
from models.errors import EngineError, PrepareError
from models.known_answers import KnownAnswers, generated_images, require_probabilities
from models.manifest import Precision
from preprocessing.transform import normalise

_SEED = 1


def adopt(step: Step, architecture: Architecture, file: str, folder: str) -> int:
    """Copy *file* as `float32.tflite` into *folder*, with its own answers to the known images; return its classes.

    Raises: PrepareError: it can't be loaded, is quantised, or is not (size, size, 3) -> probabilities.
    """
    step("build")
    out, spec = Path(folder), architecture.input
    try:
        if is_quantised(Path(file)):
            raise PrepareError(f"{file} is quantised: add the float32 one, of which int8 is made here and judged")
        engine = LiteRtEngine(Path(file), spec, len(architecture.labels))
        images = generated_images(known_answers.COUNT, spec.height, spec.width, _SEED)
        scores = engine.run(normalise(images, spec.normalisation))
    except EngineError as error:
        raise PrepareError(str(error)) from error
    require_probabilities(np.asarray(scores), known_answers.COUNT)
    shutil.copyfile(file, out / Precision.FLOAT32.file)
    KnownAnswers(images, {Precision.FLOAT32: scores}).write(out)
    return int(scores.shape[1])
