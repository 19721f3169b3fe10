"""Hold every precision against float32, image by image: `models.gate` fed. Imports LiteRT: a child runs it."""

from collections.abc import Iterator
from pathlib import Path

from models.architecture import Architecture
from models.child import Step
from models.cores import powers_of_two
from models.engine_litert import LiteRtEngine
from models.errors import PrepareError
from models.gate import MIN_PHOTOS, Comparison, agreement, compare
from models.judgement import Agreement
from models.known_answers import generated_images
from models.manifest import Precision
from models.photos import decoded, for_calibration
from preprocessing.spec import InputSpec
from preprocessing.transform import Tensor, normalise

_GENERATED = 100
_SEED = 3  # neither the known answers' nor the one that random weights are conditioned with


def judge(
    step: Step,
    *,
    architecture: Architecture,
    folder: str,
    classes: int,
    cores: int,
    precisions: list[Precision],
    photos: list[str],
) -> dict[Precision, Agreement]:
    """Return how each of *precisions* agrees with float32 on *photos*, or on generated images where there are none.

    `int8-static` is judged by the photos that it was not calibrated with.
    Raises: PrepareError: too few of the photos can be read.
    """
    spec, out = architecture.input, Path(folder)
    most = powers_of_two(cores)[-1]
    engines = {p: LiteRtEngine(out / p.file, spec, classes, threads=(most,)) for p in (Precision.FLOAT32, *precisions)}
    paths = [Path(photo) for photo in photos]
    calibrated = set(for_calibration(paths))
    comparisons: dict[Precision, list[Comparison]] = {p: [] for p in precisions}
    total, judged = len(paths) or _GENERATED, 0
    for path, tensor in decoded(paths, spec) if paths else _generated(spec):
        step("judge", judged / total)
        judged += 1
        scores = {p: engine.run(tensor[None], most)[0] for p, engine in engines.items()}
        for p in precisions:
            if not (p is Precision.INT8_STATIC and path in calibrated):
                comparisons[p].append(compare(scores[Precision.FLOAT32], scores[p]))
    if paths and judged < MIN_PHOTOS:
        raise PrepareError(f"only {judged} of {len(paths)} photos can be read; {MIN_PHOTOS} are needed")
    return {p: agreement(found) for p, found in comparisons.items()}


def _generated(spec: InputSpec) -> Iterator[tuple[Path, Tensor]]:
    for image in generated_images(_GENERATED, spec.height, spec.width, _SEED):
        yield Path(), normalise(image, spec.normalisation)
