"""A teacher looks at every photo once: photos -> lessons. Imports LiteRT: a child runs it."""

from pathlib import Path

import numpy as np

from models.child import Step
from models.cores import powers_of_two
from models.distilling.lessons import RECORD_FILE, Record, is_held_out
from models.engine_litert import LiteRtEngine
from models.errors import PrepareError
from preprocessing.decode import decode
from preprocessing.errors import ImageError
from preprocessing.sniff import FORMATS
from preprocessing.spec import InputSpec, Resize
from preprocessing.transform import centre_square, min_decode_side, transform

_SAID_EVERY = 100  # photos
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
    """Write lessons into *folder*; return how many of *photos* could not be read.

    *record* as JSON; *photos*: path, name and the student's column of each; *columns*: the teacher's column of each of
    the student's classes; *artifact* a `.tflite` that takes *spec*.
    Raises: PrepareError: none could be read.
    """
    made_from, out = Record.model_validate_json(record), Path(folder)
    side, most = made_from.side, powers_of_two(cores)[-1]
    engine = LiteRtEngine(Path(artifact), spec, teacher_classes, threads=(most,))
    array, count = np.lib.format.open_memmap, len(photos)
    images = array(out / "images.npy", mode="w+", dtype=np.uint8, shape=(count, side, side, 3))
    teacher = array(out / "teacher.npy", mode="w+", dtype=np.float16, shape=(count, len(columns)))
    truths: list[int] = []
    held_out: list[bool] = []
    min_side = max(min_decode_side(spec, Resize.CROP) or 0, 2 * side)
    for number, (path, name, truth) in enumerate(photos):
        if number % _SAID_EVERY == 0:
            step("teach", number / count)
        try:
            image = decode(Path(path).read_bytes(), formats=FORMATS, min_side=min_side)
        except (ImageError, OSError):
            continue
        scores = engine.run(transform(image, spec, Resize.CROP)[np.newaxis], most)[0]
        images[len(truths)] = centre_square(image, side)
        teacher[len(truths)] = np.log(np.maximum(scores[columns], _LEAST))
        truths.append(truth)
        held_out.append(is_held_out(name))
    if not truths:
        raise PrepareError(f"none of {count:,} photos could be read")
    images.flush()
    teacher.flush()
    np.save(out / "truths.npy", np.array(truths, np.int32))
    np.save(out / "held_out.npy", np.array(held_out, np.bool_))
    (out / RECORD_FILE).write_text(record, encoding="utf-8")
    return count - len(truths)
