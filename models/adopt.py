"""A `.tflite` of the operator's -> prepared artifact and known answers. Imports LiteRT: a child runs it."""

import shutil
from pathlib import Path

from models.architecture import Architecture
from models.child import Step
from models.engine_litert import LiteRtEngine, is_quantised
from models.errors import EngineError, PrepareError
from models.known_answers import KnownAnswers
from models.manifest import Precision


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
        known = KnownAnswers.of(engine.run, spec)
    except EngineError as error:
        raise PrepareError(str(error)) from error
    shutil.copyfile(file, out / Precision.FLOAT32.file)
    known.write(out)
    return known.classes
