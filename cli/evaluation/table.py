"""An evaluation on a terminal: one row for each contestant and resize, and below what went wrong."""

from collections.abc import Iterator, Sequence

from cli.evaluation.report import Report, agreement, milliseconds, percent, variant
from models.figures import TOPS

HEADER = (
    "model",
    "precision",
    "resize",
    *(f"top-{k} (95 %)" for k in TOPS),
    "same as float32",
    "decode ms",
    "inference ms",
)
_CONFUSIONS = 10  # of the best row; the others' are in the CSV and on the page
_NAMES = 20  # files named one by one


def table(report: Report) -> Iterator[str]:
    """Yield the lines."""
    rows = [HEADER, *cells(report)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield from report.notes()
    yield from _named(report.failed(), "that could not be decoded and do not count")
    yield from _named(report.unlabelled(), "that do not tell their label and do not count")
    yield from _confusions(report)


def cells(report: Report) -> Iterator[tuple[str, ...]]:
    """Yield the cells of each row, as HEADER names them."""
    for one in report.figures:
        yield (
            one.contestant.name,
            one.contestant.precision.value,
            one.resize.value,
            *(percent(one.top[k]) for k in TOPS),
            agreement(one),
            milliseconds(one.decode),
            milliseconds(one.inference),
        )


def _named(names: Sequence[str], what: str) -> Iterator[str]:
    if names:
        more = f" and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
        yield f"photos {what} ({len(names):,}): {', '.join(names[:_NAMES])}{more}"


def _confusions(report: Report) -> Iterator[str]:
    worst = report.best.confusions[:_CONFUSIONS]
    if worst:
        yield ""
        yield f"Worst confusions of the most accurate, {variant(report.best)}:"
    for one in worst:
        yield f"{one.photos:>5} x {report.confusion(one)} ({100 * one.prob:.0f} %: {report.name(one.example)})"
