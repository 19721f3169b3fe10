"""An evaluation as one HTML file that needs no other: for people, who look rather than read."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli.evaluation.plots import accuracy, hardest, speed
from cli.evaluation.report import Report, variant
from cli.evaluation.table import HEADER, cells
from models.figures import Confusion
from models.road import UploadLimits
from preprocessing.errors import ImageError
from preprocessing.thumbnail import thumbnail

_THUMBNAILS = 24
_THUMBNAIL_SIDE = 192  # pixels: sharp on a phone's screen, 24 of them some 250 KB
_CONFUSIONS = 10  # of every row, in words
_TEMPLATE = "page.html"
_PLOTS = (
    ("How right", "Where two lines overlap much, these photos are too few to tell.", accuracy),
    ("How right for how much time", "The best are at the top left.", speed),
    (
        "The hardest classes",
        "A full cell: every photo of the class was recognised. An empty one: none was.",
        hardest,
    ),
)


class Picture(NamedTuple):
    """A confusion to look at; *data* is a data: URL, empty where the photo is not to be had any more."""

    confusion: str
    photos: int
    prob: str
    file: str
    data: str


def write_page(report: Report, limits: UploadLimits, file: Path) -> None:
    """Write the page.  Raises: OSError.  ImportError: matplotlib is not installed."""
    environment = Environment(  # autoescape: file names and labels are text, whatever they hold
        autoescape=True, loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True
    )
    plots = [
        (title, caption, Markup(draw(report)))  # noqa: S704  # our own SVG, whose texts matplotlib has escaped
        for title, caption, draw in _PLOTS
    ]
    page = environment.get_template(_TEMPLATE).render(
        folder=report.title,
        best=variant(report.best),
        top1=report.best.top[1],
        random=report.random,
        notes=list(report.notes()),
        plots=plots,
        header=HEADER,
        rows=list(cells(report)),
        pictures=list(_pictures(report, limits)),
        confusions=list(_confusions(report)),
        lists=[("that could not be decoded", report.failed()), ("that do not tell their label", report.unlabelled())],
    )
    file.write_text(page, encoding="utf-8")


def _pictures(report: Report, limits: UploadLimits) -> Iterator[Picture]:
    for one in report.best.confusions[:_THUMBNAILS]:
        yield Picture(
            report.confusion(one),
            one.photos,
            f"{100 * one.prob:.0f} %",
            report.name(one.example),
            _data_url(one, limits),
        )


def _data_url(one: Confusion, limits: UploadLimits) -> str:
    try:
        upload = one.example.read_bytes()
        jpeg = thumbnail(upload, formats=limits.formats, max_pixels=limits.max_pixels, side=_THUMBNAIL_SIDE)
    except (OSError, ImageError):
        return ""  # it was there a moment ago
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _confusions(report: Report) -> Iterator[tuple[str, list[tuple[int, str, str]]]]:
    """Yield each row's name and its worst confusions: how often, what for what, an example."""
    for one in report.figures:
        worst = one.confusions[:_CONFUSIONS]
        yield variant(one), [(two.photos, report.confusion(two), report.name(two.example)) for two in worst]
