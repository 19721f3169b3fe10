"""How a course went, epoch by epoch."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

HISTORY_FILE = "history.csv"
WATCHED = "val_top1"  # by which the best epoch is chosen


class Epoch(NamedTuple):
    """Means over the epoch's images, and over the held-out ones after it; *top1* and *top3* as shares."""

    epoch: int
    loss: float
    top1: float
    top3: float
    val_loss: float
    val_top1: float
    val_top3: float


def read_history(folder: Path) -> tuple[Epoch, ...]:
    """Return the epochs that were finished in *folder*, in their order; none where none was."""
    file = folder / HISTORY_FILE
    if not file.exists():
        return ()
    with file.open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    epochs = [Epoch(int(row["epoch"]), *(float(row[name]) for name in Epoch._fields[1:])) for row in rows]
    return tuple({epoch.epoch: epoch for epoch in epochs}.values())  # one that was cut off at its end is there twice


def best_epoch(history: Sequence[Epoch]) -> Epoch:
    """Return the first of the best."""
    return max(history, key=lambda epoch: epoch.val_top1)
