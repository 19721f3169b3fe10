"""flask --app app models add: a model of the operator's own, made ready at once."""

from pathlib import Path

import click

from cli.prepare import measure_models, photos_to_judge_by
from cli.progress import Progress
from models.architecture import Architecture
from models.catalog import CATALOG
from models.errors import ModelError, PrepareError
from models.labels import read_labels
from models.plan import Job
from models.prepare import build
from models.prepared import PreparedModels
from models.store import is_name
from preprocessing.spec import InputSpec, Normalisation

_HELP = """Add a model of your own under NAME, or put a newer one in its place.

It is converted, quantised, judged and measured at once, as `prepare` does with a network of the catalog; then name it
in MODELS. A file that can't be served changes nothing."""
_SIDES = (16, 1024)  # pixels


def add_command(prepared: PreparedModels, cores: int) -> click.Command:
    """Return the command `add`."""
    path = click.Path(exists=True, path_type=Path)
    names = click.Choice([each.value for each in Normalisation], case_sensitive=False)
    parameters: list[click.Parameter] = [
        click.Argument(["name"]),
        click.Option(["--file"], required=True, type=path, help="model.keras, a SavedModel's folder, or model.tflite."),
        click.Option(["--labels"], required=True, type=path, help="One class a line: a name, or id, tab, name."),
        click.Option(["--size"], required=True, type=click.IntRange(*_SIDES), help="Pixels a side of its input."),
        click.Option(["--normalise"], required=True, type=names, help="What it wants of an image; see README."),
        click.Option(["--title"], help="As people write it.  [default: NAME]"),
        click.Option(["--images"], type=click.Path(path_type=Path), help="Photos to calibrate and judge by."),
    ]

    def add(
        *, name: str, file: Path, labels: Path, size: int, normalise: str, title: str | None, images: Path | None
    ) -> None:
        architecture = described(name, title, size, Normalisation(normalise.lower()), labels)
        add_model(prepared, architecture, file, images, cores)
        click.echo(f"added {architecture.name}; serve it with MODELS={architecture.name}")

    return click.Command("add", callback=add, params=parameters, help=_HELP)


def described(name: str, title: str | None, size: int, normalisation: Normalisation, labels: Path) -> Architecture:
    """Return what the operator says of a model.  Raises: SystemExit: it can't be so."""
    name = free_name(name)
    try:
        classes = read_labels(labels)
    except PrepareError as error:
        raise SystemExit(str(error)) from None
    if len(classes) < 2:
        raise SystemExit(f"{labels}: at least two classes are wanted")
    spec = InputSpec(size, size, normalisation)
    return Architecture(name=name, title=title or name, input=spec, parameters=None, own_labels=classes)


def free_name(name: str) -> str:
    """Return the name as a model can have it.  Raises: SystemExit: it can't."""
    name = name.lower()
    if name in CATALOG:
        raise SystemExit(f"{name} is a network of the catalog")
    if not is_name(name):
        raise SystemExit(f"{name} can't be a name: letters, digits, . - _, at most 40, and no word of ours")
    return name


def add_model(
    prepared: PreparedModels, architecture: Architecture, file: Path, images: Path | None, cores: int
) -> None:
    """Make a model's file ready to be served; show what happens.  Raises: SystemExit: it can't be."""
    store, progress = prepared.store, Progress()
    try:
        jobs = [Job(architecture, file.resolve(), photos_to_judge_by(images))]
        with store.lock():
            for job in progress.jobs(jobs):
                build(store, job, progress.step, cores)
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from None
    finally:
        progress.close()
    measure_models(prepared, cores, (architecture.name,))
