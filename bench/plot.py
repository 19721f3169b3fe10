"""The picture of a bench: each row against its goal, and the servers side by side."""

from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.figure import Figure, Result, Server, number

_REACHED, _MISSED, _OTHER = "#2a7f62", "#c0392b", "#8a94a0"
_OURS = "Triptych"
_INCH_A_BAR = 0.42


def plot(results: Sequence[Result], title: str, target: Path) -> None:
    """Write the picture; nothing where there is nothing to show."""
    figures = [figure for result in results for figure in result.figures if figure.goal]
    servers = best(results)
    if not figures and not servers:
        return
    from matplotlib.figure import Figure as Canvas

    rows = max(len(figures), 1), max(len(servers), 1)
    canvas = Canvas(figsize=(13, 2.2 + _INCH_A_BAR * sum(rows)), layout="constrained")
    above, below = canvas.subfigures(2, 1, squeeze=False, height_ratios=[2 + rows[0], 2 + rows[1]])[:, 0]
    _goals(above.subplots(), figures)
    rate, memory = below.subplots(1, 2, sharey=True)
    names = [server.name for server in servers]
    _servers(rate, names, [server.rate for server in servers], "answers a second, 8 connections")
    _servers(memory, names, [server.pss_mb for server in servers], "PSS of the process tree, MB")
    canvas.suptitle(title, fontsize=9, color=_OTHER)
    canvas.savefig(target, dpi=120)


def best(results: Sequence[Result]) -> list[Server]:
    """Return each server once, its rate and memory the medians of the rows that it was in; the fastest first."""
    seen: dict[str, list[Server]] = {}
    for result in results:
        for server in result.servers:
            seen.setdefault(server.name, []).append(server)
    merged = [
        Server(name, median(each.rate for each in found), median(each.pss_mb for each in found))
        for name, found in seen.items()
    ]
    return sorted(merged, key=lambda server: -server.rate)


def share(figure: Figure, value: float) -> float:
    """Return how *value* stands to the goal, so that 1 reaches it and more is better."""
    assert figure.goal  # noqa: S101  # for mypy: a figure without a goal is not drawn
    return figure.goal / max(value, 1e-9) if figure.at_most else value / figure.goal


def _goals(axes: Any, figures: Sequence[Figure]) -> None:
    axes.set_title("Each row against its goal: right of the line it is reached", loc="left", fontsize=11)
    most = 3.0  # what is better than that needs no exact place
    for place, figure in enumerate(figures):
        value = share(figure, figure.value)
        ends = sorted(share(figure, end) for end in (figure.low, figure.high))
        axes.barh(place, min(value, most), color=_REACHED if figure.reached else _MISSED, height=0.62)
        axes.plot([min(end, most) for end in ends], [place, place], color="black", lw=1.2, marker="|", ms=7)
        sign = "≤" if figure.at_most else "≥"
        axes.text(most + 0.06, place, f"{number(figure.value)} {figure.unit}", va="center", fontsize=8.5)
        axes.text(most + 0.48, place, f"{sign} {figure.goal:,g}", va="center", fontsize=8.5, color=_OTHER)
    axes.set_yticks(range(len(figures)), [figure.name for figure in figures], fontsize=8.5)
    axes.invert_yaxis()
    axes.axvline(1, color="black", lw=1)
    axes.set_xlim(0, most + 0.85)
    axes.set_xticks([0, 0.5, 1, 1.5, 2, 2.5, 3])
    axes.set_xlabel("times as good as its goal (bars end at 3)", fontsize=8.5)
    _bare(axes)


def _servers(axes: Any, names: Sequence[str], values: Sequence[float], title: str) -> None:
    colours = [_REACHED if name.startswith(_OURS) else _OTHER for name in names]
    bars = axes.barh(range(len(names)), values, color=colours, height=0.62)
    axes.bar_label(bars, fmt=number, padding=4, fontsize=8.5)
    axes.set_title(title, loc="left", fontsize=11)
    axes.set_yticks(range(len(names)), names, fontsize=8.5)
    if not axes.yaxis_inverted():
        axes.invert_yaxis()
    axes.margins(x=0.15)
    _bare(axes)


def _bare(axes: Any) -> None:
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
