"""flask --app app models distill: a small student of a prepared model, taught on your photos, added when it is done."""

from pathlib import Path
from typing import NamedTuple

import click

from cli.add import add_model, free_name
from cli.evaluation.photo_name import photo_name
from cli.progress import Progress
from models.architecture import Architecture
from models.catalog import CATALOG
from models.distilling.course import OURS, STUDENT_FILE, Course, normalisation_of
from models.distilling.history import read_history
from models.distilling.school import Graduate, School
from models.errors import ModelError
from models.labels import Label
from models.photo_labels import LabelledPhoto, label_photos, list_photos
from models.photos import find_photos
from models.prepared import PreparedModels
from preprocessing.spec import InputSpec

CURVES_FILE = "curves.png"
_HELP = """Teach a small network what a prepared model knows, on photos in sub-folders that are named by their class.

The teacher looks at every photo once; the student learns from its softened answers and from the labels. A course that
is cut off goes on after its last whole epoch when the command is given again. At the end the student is added, as by
`models add`, with its measured accuracy."""


def distill_command(prepared: PreparedModels, cores: int) -> click.Command:
    """Return the command `distill`."""
    share, count = click.FloatRange(0, 1), click.IntRange(min=1)
    above_0 = click.FloatRange(min=0, min_open=True)
    folder = click.Path(path_type=Path)
    students = click.Choice([OURS, *CATALOG], case_sensitive=False)
    defaults = Course(OURS, None, 64, 1)
    parameters: list[click.Parameter] = [
        click.Option(["--teacher"], required=True, help="A model that is prepared, of MODELS."),
        click.Option(
            ["--student"], required=True, type=students, metavar="NETWORK", help=f"{OURS}, or of the catalog."
        ),
        click.Option(["--alpha"], type=above_0, help="Its width, where it has one."),
        click.Option(["--size"], required=True, type=click.IntRange(32, 512), help="Pixels a side of its input."),
        click.Option(["--images"], required=True, type=folder, help="Photos, a sub-folder a class."),
        click.Option(["--labels"], type=folder, help="Photos' classes instead: a line each, path, tab, class."),
        click.Option(["--epochs"], required=True, type=count, help="Times that each photo is learnt from."),
        click.Option(["--name"], help="What it is added as.  [default: STUDENT-ALPHA-SIZE]"),
        click.Option(["--temperature"], type=above_0, default=defaults.temperature, show_default=True),
        click.Option(["--hard"], type=share, default=defaults.hard, show_default=True, help="Share of the labels."),
        click.Option(["--batch"], type=count, default=defaults.batch, show_default=True, help="Photos a step."),
        click.Option(["--rate"], type=above_0, default=defaults.rate, show_default=True, help="Highest learning rate."),
        click.Option(
            ["--patience"],
            type=count,
            default=defaults.patience,
            show_default=True,
            help="Epochs without a better one.",
        ),
        click.Option(["--mixed"], is_flag=True, help="Compute in bfloat16: faster where the processor can."),
    ]

    def distill(
        *, teacher: str, images: Path, labels: Path | None, name: str | None, student: str, alpha: float | None,
        size: int, epochs: int, temperature: float, hard: float, batch: int, rate: float, patience: int, mixed: bool,
    ) -> None:  # fmt: skip
        course = Course(student, alpha, size, epochs, temperature, hard, batch, rate, patience=patience, mixed=mixed)
        name = free_name(name or "-".join(str(part) for part in (student, alpha, size) if part))
        _distill(prepared, cores, course, _Order(teacher.lower(), name, images, labels))

    return click.Command("distill", callback=distill, params=parameters, help=_HELP)


class _Order(NamedTuple):
    """What is asked for, besides the course."""

    teacher: str
    name: str
    images: Path
    labels: Path | None


def _distill(prepared: PreparedModels, cores: int, course: Course, order: _Order) -> None:
    """Raises: SystemExit: it can't be done; the message says why."""
    progress, home = Progress(), prepared.store.root.parent / "distilled" / order.name
    try:
        school = School(prepared, order.teacher, home, progress.share, cores)
        with school.alone():
            graduate, labels = _taught(school, course, order)
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from None
    finally:
        progress.close()
    _draw(graduate, order.name)
    architecture = Architecture(
        name=order.name,
        title=order.name,
        input=InputSpec(course.size, course.size, normalisation_of(course.student)),
        parameters=graduate.parameters,
        own_labels=labels,
        taught=graduate.taught,
    )
    add_model(prepared, architecture, graduate.folder / STUDENT_FILE, None, cores)
    click.echo("\n".join(_told(order.name, graduate)))


def _taught(school: School, course: Course, order: _Order) -> tuple[Graduate, tuple[Label, ...]]:
    """Return the student and its classes.  Raises: ModelError, OSError."""
    photos = _photos(order.images, order.labels, school.teacher_labels)
    school.admit(course, len({photo.truth for photo in photos}))
    lessons, unread = school.lessons(order.images, photos, course.size)
    if unread:
        click.echo(f"{unread:,} of {len(photos):,} photos could not be read", err=True)
    return school.teach(course, lessons), lessons.record.labels


def _photos(images: Path, labels: Path | None, classes: tuple[Label, ...]) -> tuple[LabelledPhoto, ...]:
    """Return the photos whose class can be told; say how many are left out."""
    labelled = list_photos(images, labels, classes) if labels else label_photos(images, find_photos(images), classes)
    if labelled.unknown:
        example = photo_name(labelled.unknown[0], images)
        click.echo(f"{len(labelled.unknown):,} photos tell no class of the teacher's, {example} for one", err=True)
    return labelled.photos


def _draw(graduate: Graduate, name: str) -> None:
    from cli.distilling.curves import draw_curves  # matplotlib

    draw_curves(read_history(graduate.folder), graduate.taught, name, graduate.folder / CURVES_FILE)


def _told(name: str, graduate: Graduate) -> tuple[str, ...]:
    found = graduate.taught
    return (
        f"{name}: top-1 {found.top1:.1%}, top-3 {found.top3:.1%} of {found.images:,} held-out photos",
        f"{found.teacher}, among the same classes: top-1 {found.teacher_top1:.1%}, top-3 {found.teacher_top3:.1%}",
        f"curves: {graduate.folder / CURVES_FILE}",
        f"serve it with MODELS={name}",
    )
