"""How a row looks in every plot: colour is the model, shape the resize, filling the precision."""

from collections.abc import Sequence
from typing import Any

from matplotlib.lines import Line2D

from models.figures import Figures

# Colours that we draw with, and the CSS colours that they become: a page is light or dark only where it is read.
INK, LINE, _PAGE = "#010101", "#020202", "#030303"
_SERIES = ("#0a0a01", "#0a0a02", "#0a0a03", "#0a0a04", "#0a0a05")
CSS = {INK: "var(--ink)", LINE: "var(--line)", _PAGE: "var(--page)"} | {
    colour: f"var(--series-{number})" for number, colour in enumerate(_SERIES, 1)
}
FIRST = _SERIES[0]
_SHAPES = ("o", "s", "^")
_FILLINGS = ("full", "none", "left", "bottom", "right", "top")


class Marks:
    """Which colour, shape and filling a row has."""

    def __init__(self, rows: Sequence[Figures]) -> None:
        self.models = list(dict.fromkeys(one.contestant.name for one in rows))
        self.precisions = list(dict.fromkeys(one.contestant.precision for one in rows))
        self.resizes = list(dict.fromkeys(one.resize for one in rows))

    def colour(self, one: Figures) -> str:
        """Return the colour of its model."""
        return _SERIES[self.models.index(one.contestant.name) % len(_SERIES)]

    def shape(self, one: Figures) -> int:
        """Return the number of its resize."""
        return self.resizes.index(one.resize)

    def of(self, one: Figures) -> dict[str, Any]:
        """Return the arguments of `plot`."""
        return self._mark(self.colour(one), self.shape(one), self.precisions.index(one.contestant.precision))

    def legend(self, *, fillings: bool) -> list[Line2D]:
        """Return a handle for each colour, shape and, where asked for, filling: columns of equal length."""
        columns = [
            [(name, self._mark(_SERIES[i % len(_SERIES)], 0, 0)) for i, name in enumerate(self.models)],
            [(resize.value, self._mark(INK, i, 0)) for i, resize in enumerate(self.resizes)],
            [(precision.value, self._mark(INK, 0, i)) for i, precision in enumerate(self.precisions)],
        ][: 3 if fillings else 2]
        longest = max(map(len, columns))
        for column in columns:
            column.extend([("", {"linestyle": "none"})] * (longest - len(column)))
        return [Line2D([], [], label=label, **mark) for column in columns for label, mark in column]

    def _mark(self, colour: str, shape: int, filling: int) -> dict[str, Any]:
        return {
            "color": colour, "marker": _SHAPES[shape % len(_SHAPES)], "markersize": 7, "linestyle": "none",
            "fillstyle": _FILLINGS[filling % len(_FILLINGS)], "markerfacecoloralt": _PAGE,
        }  # fmt: skip
