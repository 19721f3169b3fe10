"""A teacher looks at every photo once: photos -> lessons. Imports LiteRT: a child runs it."""

from pathlib import Path

import numpy as np

from models.child import Step
from models.cores import powers_of_two
from models.distilling.lessons import Record, Unfinished
from models.engine_litert import LiteRtEngine
from models.errors import PrepareError
from preprocessing.decode import decode
from preprocessing.errors import ImageError
from preprocessing.sniff import FORMATS
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import centre_square, min_decode_side, transform

_KEPT_EVERY = 500  # photos: what a cut-off costs at the most
_LEAST = 1e-7  # a probability; its logarithm is what float16 still tells from the next


def teach(
    step: Step,
    *,
    record: str,
    photos: list[tuple[str, str, int]],
    artifact: str,
    spec: InputSpec,
    teacher_classes: int,
    columns: list[int],
    cores: int,
    folder: str,
) -> int:
    """Write lessons into *folder*, or the rest of those that were begun; return how many photos could not be read.

    *record* as JSON; *photos*: path, name and the student's column of each; *columns*: the teacher's column of each of
    the student's classes; *artifact* a `.tflite` that takes *spec*.
    Raises: PrepareError: none could be read.
    """
    most = powers_of_two(cores)[-1]
    engine = LiteRtEngine(Path(artifact), spec, teacher_classes, threads=(most,))
    lessons = Unfinished(Path(folder), Record.model_validate_json(record), len(photos))
    min_side = max(min_decode_side(spec, Resize.CROP) or 0, 2 * lessons.side)
    for number in range(lessons.seen, len(photos)):
        if number % _KEPT_EVERY == 0:
            lessons.keep(number)
            step("teach", number / len(photos))
        path, name, truth = photos[number]
        try:
            image = decode(Path(path).read_bytes(), formats=FORMATS, min_side=min_side)
        except (ImageError, OSError):
            continue
        scores = engine.run(transform(image, spec, Resize.CROP)[np.newaxis], most)[0]
        lessons.add(name, truth, centre_square(image, lessons.side), np.log(np.maximum(scores[columns], _LEAST)))
    if not lessons.truths:
        raise PrepareError(f"none of {len(photos):,} photos could be read")
    lessons.finish()
    return len(photos) - len(lessons.truths)
