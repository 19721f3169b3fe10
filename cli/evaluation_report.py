"""What an evaluation has to tell, in words: the same on the terminal and on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.photo_name import photo_name
from models.contestants import Contestant
from models.evaluate import Evaluation
from models.figures import Confusion, Figures, Milliseconds, Share, best_of
from models.labels import Label
from models.manifest import WeightsKind


@dataclass(frozen=True, slots=True)
class Report:
    """*unknown*: photos whose label can't be told. *absent*: why a model of MODELS was not evaluated, a line each."""

    folder: Path
    evaluation: Evaluation
    figures: tuple[Figures, ...]
    unknown: tuple[Path, ...]
    absent: tuple[str, ...]
    labels: Sequence[Label]
    threads: int

    @property
    def best(self) -> Figures:
        """The most accurate row, whose confusions are shown at length."""
        return best_of(self.figures)

    def name(self, path: Path) -> str:
        """Return a photo's name below the folder, fit to be shown."""
        return photo_name(path, self.folder)

    def confusion(self, one: Confusion) -> str:
        """Return one confusion in words."""
        return f"{self.labels[one.truth].name} -> {self.labels[one.predicted].name}"

    def failed(self) -> tuple[str, ...]:
        """Return the photos that could not be decoded, with their codes."""
        return tuple(f"{self.name(path)} ({code})" for path, code in self.evaluation.failed)

    def unlabelled(self) -> tuple[str, ...]:
        """Return the photos whose label can't be told."""
        return tuple(self.name(path) for path in self.unknown)

    def notes(self) -> Iterator[str]:
        """Yield what must be known to read the figures."""
        classes = len({photo.truth for photo in self.evaluation.photos})
        yield f"{len(self.evaluation.photos):,} photos of {classes:,} classes; intervals are 95 % (Wilson)"
        yield f"milliseconds of one photo, median and 95th percentile, with {self.threads} threads"
        yield from self.absent
        for contestant in dict.fromkeys(one.contestant for one in self.figures):
            yield from _about(contestant)


def variant(one: Figures) -> str:
    """Return the name of a row: model, precision and resize."""
    return f"{one.contestant.name} {one.contestant.precision} {one.resize.value}"


def percent(share: Share) -> str:
    """Return a share with its interval, in percent."""
    low, high = share.interval
    return f"{share.value:.1%} ({low * 100:.1f}-{high * 100:.1f})".replace("%", " %")


def milliseconds(one: Milliseconds) -> str:
    """Return median and 95th percentile."""
    return f"{one.median:.1f} / {one.p95:.1f}"


def agreement(one: Figures) -> str:
    """Return the share of photos with float32's likeliest class, or a dash."""
    return f"{one.agreement.value:.1%}".replace("%", " %") if one.agreement else "-"


def _about(contestant: Contestant) -> Iterator[str]:
    first, *others = contestant.members
    if others:
        names = ", ".join(member.name for member in contestant.members)
        yield f"ensemble {contestant.precision}: the mean of the probabilities of {names}"
    elif first.weights is WeightsKind.RANDOM:
        yield f"{first.name} {first.precision}: RANDOM weights, its figures mean nothing"
    else:
        yield f"{first.name} {first.precision}: version {first.version}, weights: {first.weights}"
