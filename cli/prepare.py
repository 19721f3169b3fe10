"""What `models prepare` does, and a start before it serves: build what is missing, measure what is new here.

`python -m cli.prepare` only builds what is served: an image is not made for the machine that makes it.
"""

import tempfile
from contextlib import suppress
from pathlib import Path

import click

from cli.progress import Progress
from config import Settings, load_settings
from cores import usable_cores
from models.bundled import pocket
from models.child import run_in_child
from models.engines import EngineKind, resolve_engine
from models.errors import ModelError
from models.gate import MIN_PHOTOS
from models.judgement import Gate
from models.manifest import Manifest
from models.photos import find_photos
from models.plan import Job, Plan, Planner
from models.prepare import build, gate_of
from models.prepared import PreparedModels
from models.speeds import MachineHalf
from models.store import Store

NO_WEIGHTS = """
  !! No weights for any of MODELS: serving `pocket`, the small model in the box, which knows {classes} kinds of things.
  !! With the files above in place, run this again; `WEIGHTS=imagenet` tries the download again."""


def make_ready(prepared: PreparedModels, settings: Settings, cores: int) -> None:
    """Prepare what PREPARE says, and measure what is new on this machine, before anything is served.

    Raises: SystemExit: as `prepare_models`.
    """
    if settings.prepare == "changed" or (settings.prepare == "missing" and prepared.incomplete()):
        prepare_models(prepared, settings.weights_dir, cores)  # imports no runtime here: its children do
    if reason := lacks_engine(prepared, settings):
        raise SystemExit(reason)
    measure_if_needed(prepared, settings, cores)


def lacks_engine(prepared: PreparedModels, settings: Settings) -> str:
    """Return why the engine can't serve what would be served; empty where it can."""
    if prepared.is_pocket_needed() and resolve_engine(settings.engine, settings.device) is EngineKind.KERAS:
        return "No weights for any of MODELS, and the model in the box is served by ENGINE=litert alone."
    return ""


def measure_if_needed(prepared: PreparedModels, settings: Settings, cores: int, names: tuple[str, ...] = ()) -> None:
    """Measure what is new on this machine where PRECISION=auto has to choose."""
    if settings.precision == "auto" and resolve_engine(settings.engine, settings.device) is EngineKind.LITERT:
        measure_models(prepared, cores, names)


def prepare_models(
    prepared: PreparedModels,
    weights_dir: Path | None,
    cores: int,
    names: tuple[str, ...] = (),
    images: Path | None = None,
) -> None:
    """Prepare what is not prepared yet of *names*, or of all that is served; show what happens.

    *images*: a folder of photos to calibrate and judge the quicker precisions by.
    Raises: SystemExit: it can't be done; the message says why.
    """
    store, progress, names = prepared.store, Progress(), names or prepared.configured
    try:
        photos = photos_to_judge_by(images)
        with store.lock():
            plan = Planner(store, weights_dir, progress.bytes, photos).plan(names, prepared.mode, prepared.configured)
            _announce(plan)
            for name in plan.withdraw:
                store.withdraw(name)
            for job in progress.jobs(plan.jobs):
                _tell_of_lost_photos(store, job)
                build(store, job, progress.step, cores)
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from None
    finally:
        progress.close()


def photos_to_judge_by(images: Path | None) -> tuple[Path, ...]:
    """Return the photos of a folder; say where they are too few for the gate.  Raises: PhotosMissing."""
    photos = find_photos(images) if images else ()
    if images and len(photos) < MIN_PHOTOS:
        click.echo(f"{images} holds {len(photos)} photos; the gate wants {MIN_PHOTOS}, so it is numeric.", err=True)
    return photos


def measure_models(prepared: PreparedModels, cores: int, names: tuple[str, ...] = (), *, again: bool = False) -> None:
    """Measure on this machine what was never measured on it; where that fails, float32 is served and it is said.

    *again*: also what was, as if it had not been.
    """
    progress = Progress()
    for name in names or prepared.names:
        try:
            folder = prepared.folder(name)
            manifest = Manifest.read(folder)
        except ModelError:
            continue  # not prepared, or without weights: the start says so
        if again:
            MachineHalf.forget(folder, manifest, cores)
        if manifest.fits_us() and MachineHalf.read(folder, manifest, cores) is None:
            _measure(name, folder, cores, progress)
    progress.close()


def _measure(name: str, folder: Path, cores: int, progress: Progress) -> None:
    progress.measuring(name)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            log = Path(scratch) / "measure.log"
            arguments = {"folder": str(folder), "cores": cores}
            reason = run_in_child("models.measure", "measure", log, progress.step, **arguments)
    except (ModelError, OSError) as error:
        reason = str(error)
    if reason:
        click.echo(f"{name}: its speeds can't be measured or kept, so PRECISION=auto is float32: {reason}", err=True)


def _tell_of_lost_photos(store: Store, job: Job) -> None:
    name = job.architecture.name
    with suppress(ModelError):
        before = Manifest.read(store.folder(name, random=job.weights is None))
        if before.gate is Gate.PHOTOS and gate_of(job) is not Gate.PHOTOS:
            click.echo(f"{name} was judged by photos, and is not any more: name them again with --images.", err=True)


def _announce(plan: Plan) -> None:
    for line in plan.missing:
        click.echo(line, err=True)
    if plan.pocket:
        click.echo(NO_WEIGHTS.format(classes=len(pocket().labels)), err=True)


def _main() -> None:
    settings = load_settings()
    prepared = PreparedModels(Store(settings.cache_dir), settings.models, settings.weights)
    prepare_models(prepared, settings.weights_dir, usable_cores())


if __name__ == "__main__":
    _main()
