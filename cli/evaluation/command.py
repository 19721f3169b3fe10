"""flask --app app models evaluate: how right and how quick each model is, on photos whose labels are known."""

import os
from functools import partial
from pathlib import Path

import click

from cli.evaluation.csv_file import write_csv
from cli.evaluation.report import Report
from cli.evaluation.run import run_evaluation, threads
from cli.evaluation.table import table
from models.errors import ModelError, PhotosMissing
from models.figures import figures_of
from models.labels import Label, imagenet_labels
from models.photo_labels import LabelledPhotos, label_photos, list_photos, spread_evenly
from models.photos import find_photos
from models.prepared import PreparedModels
from models.road import UploadLimits
from preprocessing.sniff import FORMATS
from preprocessing.spec import Resize

_HELP = """Say how right and how quick each model is, on photos of known labels.

DIR holds files named <wnid>_anything.jpeg, or one sub-folder a class (wnid or class name). Every precision that is
prepared is evaluated with every resize, and the ensemble of the models where there are several."""


def evaluate_command(prepared: PreparedModels, max_pixels: int) -> click.Command:
    """Return the command `evaluate`. It reads every format that we know: the photos are the operator's own."""
    file = click.Path(dir_okay=False, writable=True, path_type=Path)
    resizes = click.Choice([resize.value for resize in Resize], case_sensitive=False)
    parameters: list[click.Parameter] = [
        click.Argument(["folder"], metavar="DIR", type=click.Path(path_type=Path)),
        click.Option(["--model", "models"], multiple=True, help="Only this model of MODELS; may be repeated."),
        click.Option(
            ["--labels"], type=click.Path(path_type=Path), help="Photos' labels: a line each, path, tab, class."
        ),
        click.Option(["--resize", "resizes"], multiple=True, type=resizes, help="Only this; may be repeated."),
        click.Option(["--limit"], type=click.IntRange(min=1), help="Photos, taken evenly from all classes."),
        click.Option(["--csv", "csv_file"], type=file, default=Path("evaluation.csv"), show_default=True),
        click.Option(["--html", "html_file"], type=file, default=Path("evaluation.html"), show_default=True),
    ]
    run = partial(_evaluate, prepared, UploadLimits(FORMATS, max_pixels))
    return click.Command("evaluate", callback=run, params=parameters, help=_HELP)


def _evaluate(
    prepared: PreparedModels,
    limits: UploadLimits,
    *,
    folder: Path,
    models: tuple[str, ...],
    labels: Path | None,
    resizes: tuple[str, ...],
    limit: int | None,
    csv_file: Path,
    html_file: Path,
) -> None:
    """Raises: SystemExit: there are no figures; the message says why."""
    _need_folders(csv_file, html_file)
    _need_served(prepared, models)
    try:
        classes = _classes(prepared, models)
        labelled = _labelled(folder, labels, limit, classes)
        wanted = tuple(dict.fromkeys(map(Resize, resizes))) or tuple(Resize)
        evaluation, absent = run_evaluation(prepared, models, wanted, limits, labelled.photos)
        figures = figures_of(evaluation, len(classes))
        report = Report(folder, evaluation, figures, labelled.unknown, absent, classes, threads())
        try:
            written = write_files(report, limits, csv_file, html_file)
        finally:  # after hours the disk may be full, or the terminal gone: neither costs the other's figures
            click.echo("\n".join(table(report)))
        click.echo("\n".join(("", *written)))
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from None


def _need_folders(*files: Path) -> None:
    """Find out now, not after hours."""
    for file in files:
        folder = file.absolute().parent
        if not folder.is_dir() or not os.access(folder, os.W_OK):
            raise click.UsageError(f"there is no folder {folder} that can be written")


def _need_served(prepared: PreparedModels, names: tuple[str, ...]) -> None:
    if unknown := [name for name in names if name.lower() not in prepared.names]:
        raise click.UsageError(f"not in MODELS: {', '.join(unknown)}; MODELS is {','.join(prepared.names)}")


def _classes(prepared: PreparedModels, names: tuple[str, ...]) -> tuple[Label, ...]:
    """Return the classes of those that are evaluated.  Raises: ModelError: they differ."""
    known = {name: prepared.store.architecture(name.lower()).labels for name in names or prepared.available()}
    if len(set(known.values())) > 1:
        raise PhotosMissing(f"{', '.join(known)} have not the same classes: name some that have by --model")
    return next(iter(known.values()), imagenet_labels())


def _labelled(folder: Path, file: Path | None, limit: int | None, classes: tuple[Label, ...]) -> LabelledPhotos:
    labelled = list_photos(folder, file, classes) if file else label_photos(folder, find_photos(folder), classes)
    return labelled if limit is None else labelled._replace(photos=spread_evenly(labelled.photos, limit))


def write_files(report: Report, limits: UploadLimits, csv_file: Path, html_file: Path) -> tuple[str, ...]:
    """Write the CSV and the page; return what to say of each. Where matplotlib is absent there is no page.

    Raises: OSError.
    """
    write_csv(report, csv_file)
    csv_line = f"wrote {csv_file}"
    try:
        from cli.evaluation.page import write_page
    except ImportError as error:
        reason = f"{error}; the page needs requirements.txt, not only requirements-serve.txt"
        return csv_line, f"no {html_file}: {reason}"
    write_page(report, limits, html_file)
    return csv_line, f"wrote {html_file}"
