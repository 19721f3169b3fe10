"""Loads the models and runs the photos through them, seen by a person."""

import click

from cli.evaluation.photo_name import photo_name
from cli.progress import Progress
from cores import usable_cores
from models.contestants import Member, load_members
from models.cores import powers_of_two
from models.engine import Engine
from models.engines import Device, EngineKind, engine_maker
from models.errors import ModelError, PhotosMissing, WeightsMissing
from models.evaluate import Evaluation, Evaluator
from models.photo_labels import LabelledPhoto
from models.prepared import PreparedModels
from models.road import UploadLimits
from preprocessing.decode import prepare_pillow
from preprocessing.spec import Resize


def run_evaluation(
    prepared: PreparedModels,
    names: tuple[str, ...],
    resizes: tuple[Resize, ...],
    limits: UploadLimits,
    photos: tuple[LabelledPhoto, ...],
) -> tuple[Evaluation, tuple[str, ...]]:
    """Return also why models are absent. The engines live in here only.

    Raises: PhotosMissing: no photo could be decoded.  ModelError: we failed.
    """
    prepare_pillow(limits.max_pixels)
    engines, absent = _load(prepared, names)
    progress = Progress()
    try:
        evaluation = Evaluator(engines, resizes, limits, threads()).run(progress.photos(photos))
    finally:
        progress.close()
    if not evaluation.photos:
        path, code = evaluation.failed[0]
        example = f"{photo_name(path, path.parent)} is {code}"
        raise PhotosMissing(f"none of {len(evaluation.failed):,} photos could be decoded: {example}, for example")
    return evaluation, absent


def threads() -> int:
    """Return how many threads an inference gets: as many as a lone request."""
    return powers_of_two(usable_cores())[-1]


def _load(prepared: PreparedModels, names: tuple[str, ...]) -> tuple[dict[Member, Engine], tuple[str, ...]]:
    """Load the models asked for, or all that have weights; return also why others are absent, a line each."""
    make_engine = engine_maker(EngineKind.LITERT, Device.CPU, usable_cores(), share=False, widest_only=True)
    engines: dict[Member, Engine] = {}
    absent: list[str] = []
    for name in dict.fromkeys(name.lower() for name in names or prepared.names):
        click.echo(f"loading {name}", err=True)
        try:
            engines |= load_members(prepared.folder(name), name, make_engine)
        except WeightsMissing as error:
            absent.append(f"{name} is not served: {error}")
        except ModelError as error:
            raise SystemExit(f"{name}: {error}") from None
    if not engines or (names and absent):
        raise WeightsMissing("\n".join(absent))
    return engines, tuple(absent)
