"""The search of `models tune`, with its progress."""

import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

from cli.service_process import ServiceFailed, service
from cli.tuning.candidate import Candidate
from cli.tuning.frontier import better, finalists, meeting
from cli.tuning.space import Space
from cli.tuning.trial import Trial
from cli.tuning.tuner import Tuning

_MOST_PHOTOS = 8
_LONE_REQUESTS = 10  # of the default configuration, that make the default target


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: *trials* under the target *p99_ms*, milliseconds."""

    trials: tuple[Trial, ...]
    p99_ms: float


def search(
    tried: Space, photos: Sequence[Path], environ: Mapping[str, str], seconds: float, p99_ms: float | None
) -> Search:
    """Try every candidate with some of *photos*, and those that come close to the best once more.

    *p99_ms* None: 10 times a lone request in the default configuration.
    Raises: ServiceFailed: the default configuration does not start, or answers none of the photos.
    """
    with (
        tempfile.TemporaryDirectory() as logs,
        tqdm(total=1 + len(tried.candidates), unit="trial", disable=None, file=sys.stderr) as bar,
    ):

        def say(line: str) -> None:
            bar.set_description(line)
            if bar.disable:
                click.echo(line, err=True)

        tuning = Tuning(partial(_start, tried, environ, Path(logs) / "log"), seconds, say)
        say(f"default: {tried.default}")
        good, p99_ms = _try_default(tuning, tried.default, photos, p99_ms, bar.write)
        bar.update()
        return Search(_try_all(tuning, tried.candidates, good, p99_ms, bar), p99_ms)


def _try_all(
    tuning: Tuning, candidates: Sequence[Candidate], photos: Sequence[Path], p99_ms: float, bar: tqdm
) -> tuple[Trial, ...]:
    trials: dict[Candidate, Trial] = {}
    for candidate in candidates:
        trials[candidate] = tuning.trial(candidate, photos, p99_ms)
        bar.update()
    again = finalists(meeting(trials.values(), p99_ms))
    bar.total += len(again)
    for candidate in again:
        trials[candidate] = better(trials[candidate], tuning.trial(candidate, photos, p99_ms), p99_ms)
        bar.update()
    return tuple(trials.values())


def _try_default(
    tuning: Tuning, default: Candidate, photos: Sequence[Path], p99_ms: float | None, write: Callable[[str], None]
) -> tuple[list[Path], float]:
    """Return the photos to load with, and the target in milliseconds."""
    count = min(_MOST_PHOTOS, len(photos))
    some = [photos[number * len(photos) // count] for number in range(count)]
    with tuning.start(default) as url:
        good = tuning.accepted(url, some)
        if bad := [str(photo) for photo in some if photo not in good]:
            write(f"Left out, for the service refuses them: {', '.join(bad)}")
        if not good:
            raise ServiceFailed("the service answers none of the photos that were tried")
        if p99_ms is None:
            lone_ms = tuning.lone_ms(url, good)
            p99_ms = _LONE_REQUESTS * lone_ms
            write(
                f"Target: p99 at most {p99_ms:.0f} ms, {_LONE_REQUESTS} times the {lone_ms:.1f} ms of a lone request "
                "in the default configuration."
            )
    return good, p99_ms


def _start(tried: Space, environ: Mapping[str, str], log: Path, candidate: Candidate) -> AbstractContextManager[str]:
    return service({**environ, **tried.settings(candidate)}, candidate.workers, log)
