"""What a person sees of long work: a bar on a terminal, plain lines in a log."""

import sys
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

import click
from tqdm import tqdm

from models.plan import Job
from models.prepare import STEPS


class Progress:
    """A bar over the steps of all jobs, and one for each download. Used by one thread, as a context manager."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: tqdm | None = None
        self._download: tqdm | None = None
        self._name = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for bar in (self._download, self._bar):
            if bar is not None:
                bar.close()

    def bytes(self, name: str, done: int, total: int) -> None:
        """Show a download: *done* of *total* bytes."""
        if self._download is None or self._download.desc != f"{name} download: ":
            if self._download is not None:
                self._download.close()
            self._download = tqdm(desc=f"{name} download", total=total, unit="B", unit_scale=True, disable=None)
        self._download.update(done - self._download.n)

    def jobs(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """Yield each job under one bar of all their steps."""
        if jobs:
            self._bar = tqdm(total=len(jobs) * STEPS, unit="step", disable=None)
        for number, job in enumerate(jobs):
            self._name = job.architecture.name
            yield job
            self._advance_to((number + 1) * STEPS)
            if not self._terminal:
                click.echo(f"prepared {self._name} ({number + 1} of {len(jobs)})", err=True)

    def step(self, name: str) -> None:
        """Show that the step *name* of the current job begins."""
        if self._bar is not None:
            self._bar.set_description(f"{self._name}: {name}")
            self._bar.update()
        if not self._terminal:
            click.echo(f"{self._name}: {name}", err=True)

    def _advance_to(self, steps: int) -> None:
        if self._bar is not None:
            self._bar.update(steps - self._bar.n)
