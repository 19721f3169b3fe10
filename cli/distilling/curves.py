"""A course as a picture: the losses, and how often the student was right, beside its teacher."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from models.architecture import Taught
from models.distilling.history import Epoch, best_epoch

_LEARNT, _HELD_OUT, _TEACHER = "#8a94a0", "#2a7f62", "#b8860b"


def draw_curves(history: Sequence[Epoch], taught: Taught, title: str, file: Path) -> None:
    """Write a PNG."""
    figure = Figure((9, 3.6), layout="constrained")
    losses, shares = figure.subplots(1, 2)
    numbers = [each.epoch + 1 for each in history]
    losses.plot(numbers, [each.loss for each in history], color=_LEARNT, label="learnt from, augmented")
    losses.plot(numbers, [each.val_loss for each in history], color=_HELD_OUT, label=f"{taught.images:,} held out")
    losses.set_ylabel("loss")
    _rights(shares, history, numbers, taught)
    for axes in (losses, shares):
        axes.set_xlabel("epoch")
        axes.grid(linewidth=0.4)
        axes.legend(frameon=False, fontsize=8)
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=10)
    figure.savefig(file, dpi=120)


def _rights(axes: Any, history: Sequence[Epoch], numbers: Sequence[int], taught: Taught) -> None:
    for field, style in (("top1", "-"), ("top3", ":")):
        name = field.replace("top", "top-")
        axes.plot(numbers, [100 * getattr(each, field) for each in history], style, color=_LEARNT)
        held_out = [100 * getattr(each, f"val_{field}") for each in history]
        axes.plot(numbers, held_out, style, color=_HELD_OUT, label=f"{name}, held out")
        teacher = 100 * getattr(taught, f"teacher_{field}")
        axes.axhline(teacher, linestyle=style, color=_TEACHER, label=f"{name}, {taught.teacher}")
    best = best_epoch(history)
    axes.plot(best.epoch + 1, 100 * best.val_top1, "o", color=_HELD_OUT)
    axes.set_ylabel("right, %")
