"""What an evaluation has to tell, in words: the same on the terminal and on the page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.evaluation.photo_name import photo_name
from models.contestants import Contestant
from models.ensemble import ENSEMBLE
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

    @property
    def random(self) -> bool:
        """Whether a network has random weights."""
        members = (member for one in self.figures for member in one.contestant.members)
        return any(member.weights is WeightsKind.RANDOM for member in members)

    @property
    def title(self) -> str:
        """The folder's own name."""
        folder = self.folder.resolve()
        return photo_name(folder, folder.parent)

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
        contestants = list(dict.fromkeys(one.contestant for one in self.figures))
        for name in dict.fromkeys(contestant.name for contestant in contestants):
            yield from _about(name, [contestant for contestant in contestants if contestant.name == name])


def variant(one: Figures) -> str:
    """Return the name of a row: model, precision and resize."""
    return f"{one.contestant.name} {one.contestant.precision} {one.resize.value}"


def percent(share: Share) -> str:
    """Return a share with its interval, in percent."""
    low, high = share.interval
    return f"{100 * share.value:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def milliseconds(one: Milliseconds) -> str:
    """Return median and 95th percentile."""
    return f"{one.median:.1f} / {one.p95:.1f}"


def agreement(one: Figures) -> str:
    """Return the share of photos with float32's likeliest class, or a dash."""
    return f"{100 * one.agreement.value:.1f} %" if one.agreement else "-"


def _about(name: str, precisions: Sequence[Contestant]) -> Iterator[str]:
    if name == ENSEMBLE:
        for one in precisions:
            yield f"{name} {one.precision}: the mean probabilities of {', '.join(m.name for m in one.members)}"
        return
    versions = ", ".join(f"{one.precision} {one.members[0].version}" for one in precisions)
    weights = precisions[0].members[0].weights
    mean_nothing = ", so these figures mean nothing" if weights is WeightsKind.RANDOM else ""
    yield f"{name}: {versions}; weights: {weights}{mean_nothing}"
