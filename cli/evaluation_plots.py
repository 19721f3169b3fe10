"""An evaluation as pictures: SVG to be put into a page, whose CSS gives the colours. The only user of matplotlib.

Colour is the model, shape the resize, filling the precision. Drawn as wide as a phone, so that text stays readable.
"""

import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from cli.evaluation_report import Report, variant
from models.figures import Figures, truths

# Colours that we draw with, and the CSS colours that they become: a page is light or dark only where it is read.
_INK, _LINE, _PAGE = "#010101", "#020202", "#030303"
_SERIES = ("#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05")
_CSS = {_INK: "var(--ink)", _LINE: "var(--line)", _PAGE: "var(--page)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES, 1)
}
_SHAPES = ("o", "s", "^")
_FILLINGS = ("full", "none", "left", "bottom", "right", "top")
_WIDTH = 4.6  # inches: 331 CSS points
_HARDEST = 20  # classes
_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "triptych",  # the same figures give the same file
    "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": _LINE, "axes.axisbelow": True, "grid.color": _LINE,
    "xtick.color": _INK, "ytick.color": _INK, "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False,
}  # fmt: skip


def accuracy(report: Report) -> str:
    """Draw top-1 of every row with its interval."""
    contestants = list(dict.fromkeys(one.contestant for one in report.figures))
    figure, axes, marks = _start(report, 1.3 + 0.5 * len(contestants))
    for one in report.figures:
        place = contestants.index(one.contestant) + 0.22 * (marks.shape(one) - (len(marks.resizes) - 1) / 2)
        share = one.top[1]
        axes.plot([100 * end for end in share.interval], [place, place], color=marks.colour(one), linewidth=1.4)
        axes.plot(100 * share.value, place, **marks.of(one))
    axes.set_yticks(range(len(contestants)), [f"{c.name}\n{c.precision}" for c in contestants])
    axes.set_ylim(len(contestants) - 0.5, -0.5)
    axes.set_xlabel("top-1, %, with 95 % interval")
    return _finish(figure, axes, marks, fillings=False)


def speed(report: Report) -> str:
    """Draw top-1 against milliseconds."""
    figure, axes, marks = _start(report, 4.2)
    for one in report.figures:
        axes.plot(one.ms, 100 * one.top[1].value, **marks.of(one))
    times = [one.ms for one in report.figures]
    if max(times) > 8 * min(times):
        axes.set_xscale("log")
    else:
        axes.set_xlim(0, 1.1 * max(times))
    axes.set_xlabel("milliseconds of one photo, decoding and inference")
    axes.set_ylabel("top-1, %")
    return _finish(figure, axes, marks, fillings=True)


def hardest(report: Report) -> str:
    """Draw the classes that are missed most, by row: the fuller a cell, the more of the class was recognised."""
    counts = np.bincount(truths(report.evaluation), minlength=len(report.labels))
    shares = np.array([one.recognised for one in report.figures]) / np.maximum(counts, 1)  # (rows, classes)
    missed = np.where(counts > 0, 1 - shares.mean(axis=0), 0)
    chosen = [int(c) for c in np.argsort(-missed, kind="stable")[:_HARDEST] if missed[c] > 0]
    with mpl.rc_context(_STYLE):
        figure = Figure((2.4 + 0.24 * len(shares), 1.9 + 0.22 * len(chosen)), layout="constrained")
        axes = figure.subplots()
        for row, column in np.ndindex(len(chosen), len(shares)):
            share = float(shares[column, chosen[row]])
            cell: dict[str, Any] = {"facecolor": _SERIES[0], "alpha": share} if share else {"facecolor": "none"}
            axes.add_patch(Rectangle((column, row), 0.86, 0.86, **cell))
            axes.add_patch(Rectangle((column, row), 0.86, 0.86, facecolor="none", edgecolor=_LINE, linewidth=0.6))
        axes.set_xlim(-0.1, len(shares))
        axes.set_ylim(len(chosen), -0.1)
        axes.set_xticks(np.arange(len(shares)) + 0.43, [variant(one) for one in report.figures], rotation=90)
        axes.set_yticks(np.arange(len(chosen)) + 0.43, [report.labels[c].name for c in chosen])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.spines[:].set_visible(False)
        return _svg(figure)


class _Marks:
    """Which colour, shape and filling a row has."""

    def __init__(self, rows: Sequence[Figures]) -> None:
        self.models = list(dict.fromkeys(one.contestant.name for one in rows))
        self.precisions = list(dict.fromkeys(one.contestant.precision for one in rows))
        self.resizes = list(dict.fromkeys(one.resize for one in rows))

    def colour(self, one: Figures) -> str:
        return _SERIES[self.models.index(one.contestant.name) % len(_SERIES)]

    def shape(self, one: Figures) -> int:
        return self.resizes.index(one.resize)

    def of(self, one: Figures) -> dict[str, Any]:
        """Return the arguments of `plot`."""
        return self._mark(self.colour(one), self.shape(one), self.precisions.index(one.contestant.precision))

    def legend(self, *, fillings: bool) -> list[Line2D]:
        """Return a handle for each colour, shape and, where asked for, filling."""
        marks = [(m, self._mark(_SERIES[i % len(_SERIES)], 0, 0)) for i, m in enumerate(self.models)]
        marks += [(r.value, self._mark(_INK, i, 0)) for i, r in enumerate(self.resizes)]
        if fillings:
            marks += [(p.value, self._mark(_INK, 0, i)) for i, p in enumerate(self.precisions)]
        return [Line2D([], [], label=label, **mark) for label, mark in marks]

    def _mark(self, colour: str, shape: int, filling: int) -> dict[str, Any]:
        return {
            "color": colour, "marker": _SHAPES[shape % len(_SHAPES)], "markersize": 7, "linestyle": "none",
            "fillstyle": _FILLINGS[filling % len(_FILLINGS)], "markerfacecoloralt": _PAGE,
        }  # fmt: skip


def _start(report: Report, height: float) -> tuple[Figure, Any, _Marks]:
    with mpl.rc_context(_STYLE):
        figure = Figure((_WIDTH, height), layout="constrained")
        return figure, figure.subplots(), _Marks(report.figures)


def _finish(figure: Figure, axes: Any, marks: _Marks, *, fillings: bool) -> str:
    with mpl.rc_context(_STYLE):
        axes.grid(linewidth=0.6)
        figure.legend(handles=marks.legend(fillings=fillings), loc="outside upper left", ncols=3, frameon=False)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return the SVG element alone, its colours CSS's, its ids left out where nothing refers to them."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    for drawn, css in _CSS.items():
        svg = svg.replace(drawn, css)
    used = set(re.findall(r"#([\w-]+)", svg))
    return re.sub(r' id="([\w-]+)"', lambda found: found[0] if found[1] in used else "", svg)
