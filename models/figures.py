"""Answers -> figures: how right and how quick a contestant is with a resize, and what it takes for what."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.answers import Answers
from models.contestants import Contestant
from models.evaluate import Evaluation
from models.interval import Interval, wilson
from models.manifest import Precision
from preprocessing.spec import Resize

TOPS = (1, 3, 5)
_KEPT_CONFUSIONS = 100  # of each: nobody reads more, and with random weights there are as many as photos


class Share(NamedTuple):
    """*hits* of *photos*, with the 95 % interval."""

    hits: int
    photos: int
    interval: Interval

    @property
    def value(self) -> float:
        """In [0, 1]."""
        return self.hits / self.photos


class Milliseconds(NamedTuple):
    """Of one photo."""

    median: float
    p95: float


class Confusion(NamedTuple):
    """So many *photos* of class *truth* were taken for *predicted*, *example* most surely: with *prob*."""

    truth: int
    predicted: int
    photos: int
    prob: float
    example: Path


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """*top*: by 1, 3 and 5. *agreement*: same likeliest class as in float32; None for float32 itself, or without it.

    *confusions*: worst first. *recognised*: photos of each class that were recognised at once (classes,).
    """

    contestant: Contestant
    resize: Resize
    top: dict[int, Share]
    decode: Milliseconds
    inference: Milliseconds
    agreement: Share | None
    confusions: tuple[Confusion, ...]
    recognised: NDArray[np.intp]

    @property
    def ms(self) -> float:
        """Milliseconds from upload to scores: the medians' sum."""
        return self.decode.median + self.inference.median


def figures_of(evaluation: Evaluation, classes: int) -> tuple[Figures, ...]:
    """Return the figures of every contestant and resize. There must be a photo that counts."""
    truth = truths(evaluation)
    return tuple(_figures(evaluation, answers, truth, classes) for answers in evaluation.answers)


def truths(evaluation: Evaluation) -> NDArray[np.intp]:
    """Return the true class of each counted photo (photos,)."""
    return np.array([photo.truth for photo in evaluation.photos], np.intp)


def best_of(figures: tuple[Figures, ...]) -> Figures:
    """Return those with the most photos recognised at once; of equals the quickest."""
    return max(figures, key=lambda one: (one.top[1].hits, -one.ms))


def _figures(evaluation: Evaluation, answers: Answers, truth: NDArray[np.intp], classes: int) -> Figures:
    found = answers.top == truth[:, np.newaxis]
    return Figures(
        contestant=answers.contestant,
        resize=answers.resize,
        top={k: _share(found[:, :k].any(axis=1)) for k in TOPS},
        decode=_milliseconds(answers.decode_ms),
        inference=_milliseconds(answers.inference_ms),
        agreement=_agreement(evaluation, answers),
        confusions=_confusions(evaluation, answers, truth),
        recognised=np.bincount(truth[found[:, 0]], minlength=classes),
    )


def _share(hits: NDArray[np.bool_]) -> Share:
    count = int(hits.sum())
    return Share(count, len(hits), wilson(count, len(hits)))


def _milliseconds(each: NDArray[np.float32]) -> Milliseconds:
    return Milliseconds(float(np.median(each)), float(np.percentile(each, 95)))


def _agreement(evaluation: Evaluation, answers: Answers) -> Share | None:
    """Compare with float32 of the same networks and resize."""
    if answers.contestant.precision is Precision.FLOAT32:
        return None
    names = [member.name for member in answers.contestant.members]
    for other in evaluation.answers:
        same = other.resize is answers.resize and [m.name for m in other.contestant.members] == names
        if same and other.contestant.precision is Precision.FLOAT32:
            return _share(answers.top[:, 0] == other.top[:, 0])
    return None


def _confusions(evaluation: Evaluation, answers: Answers, truth: NDArray[np.intp]) -> tuple[Confusion, ...]:
    """Return what was taken for what: the most frequent first, of equals the one that was surest."""
    predicted, probs = answers.top[:, 0], answers.probs
    by_pair: dict[tuple[int, int], list[int]] = {}
    for row in np.flatnonzero(predicted != truth).tolist():
        by_pair.setdefault((int(truth[row]), int(predicted[row])), []).append(row)
    found = []
    for (true, taken), rows in by_pair.items():
        surest = max(rows, key=lambda row: float(probs[row]))
        example = evaluation.photos[surest].path
        found.append(Confusion(true, taken, len(rows), float(probs[surest]), example))
    worst = sorted(found, key=lambda one: (-one.photos, -one.prob, one.truth, one.predicted))
    return tuple(worst[:_KEPT_CONFUSIONS])
