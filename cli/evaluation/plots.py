"""An evaluation as pictures: SVG to be put into a page, whose CSS gives the colours.

Drawn as wide as a phone, so that text stays readable.
"""

import io
import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

from cli.evaluation.marks import CSS, FIRST, INK, LINE, Marks
from cli.evaluation.report import Report, variant
from models.figures import truths

_WIDTH = 4.6  # inches: 331 CSS points
_HARDEST = 20  # classes
_STYLE = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "triptych",  # the same figures give the same file
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": LINE, "axes.axisbelow": True, "grid.color": LINE,
    "xtick.color": INK, "ytick.color": INK, "font.size": 9.0, "axes.spines.top": False, "axes.spines.right": False,
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
    heights = [100 * one.top[1].value for one in report.figures]
    axes.set_ylim(min(heights) - 1, max(heights) + 1)
    times = [one.ms for one in report.figures]
    if max(times) > 8 * min(times):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        axes.set_xlim(0, 1.1 * max(times))
    axes.set_xlabel("milliseconds of one photo, decoding and inference")
    axes.set_ylabel("top-1, %")
    return _finish(figure, axes, marks, fillings=True)


def hardest(report: Report) -> str:
    """Draw the classes that are missed most, by row: the fuller a cell, the more of the class was recognised.

    Empty where none was ever missed.
    """
    counts = np.bincount(truths(report.evaluation), minlength=len(report.labels))
    shares = np.array([one.recognised for one in report.figures]) / np.maximum(counts, 1)  # (rows, classes)
    missed = np.where(counts > 0, 1 - shares.mean(axis=0), 0)
    chosen = [int(c) for c in np.argsort(-missed, kind="stable")[:_HARDEST] if missed[c] > 0]
    if not chosen:
        return ""
    with mpl.rc_context(_STYLE):
        figure = Figure((2.4 + 0.24 * len(shares), 1.9 + 0.22 * len(chosen)), layout="constrained")
        axes = figure.subplots()
        for row, column in np.ndindex(len(chosen), len(shares)):
            share = float(shares[column, chosen[row]])
            cell: dict[str, Any] = {"facecolor": FIRST, "alpha": share} if share else {"facecolor": "none"}
            axes.add_patch(Rectangle((column, row), 0.86, 0.86, **cell))
            axes.add_patch(Rectangle((column, row), 0.86, 0.86, facecolor="none", edgecolor=LINE, linewidth=0.6))
        axes.set_xlim(-0.1, len(shares))
        axes.set_ylim(len(chosen), -0.1)
        axes.set_xticks(np.arange(len(shares)) + 0.43, [variant(one) for one in report.figures], rotation=90)
        axes.set_yticks(np.arange(len(chosen)) + 0.43, [report.labels[c].name for c in chosen])
        axes.tick_params(length=0)
        axes.xaxis.tick_top()
        axes.spines[:].set_visible(False)
        return _svg(figure)


def _start(report: Report, height: float) -> tuple[Figure, Any, Marks]:
    with mpl.rc_context(_STYLE):
        figure = Figure((_WIDTH, height), layout="constrained")
        return figure, figure.subplots(), Marks(report.figures)


def _finish(figure: Figure, axes: Any, marks: Marks, *, fillings: bool) -> str:
    with mpl.rc_context(_STYLE):
        axes.grid(linewidth=0.6)
        columns = 3 if fillings else 2
        figure.legend(handles=marks.legend(fillings=fillings), loc="outside upper left", ncols=columns, frameon=False)
        return _svg(figure)


def _svg(figure: Figure) -> str:
    """Return the SVG element alone, its colours CSS's, its ids left out where nothing refers to them."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    for drawn, css in CSS.items():
        svg = svg.replace(drawn, css)
    used = set(re.findall(r"#([\w-]+)", svg))
    return re.sub(r' id="([\w-]+)"', lambda found: found[0] if found[1] in used else "", svg)
