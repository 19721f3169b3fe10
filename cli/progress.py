"""What a person sees of long work: a bar on a terminal, plain lines in a log."""

import sys
import time
from collections.abc import Iterator, Sequence

import click
from tqdm import tqdm

from models.photo_labels import LabelledPhoto
from models.plan import Job
from models.prepare import STEPS

_LINES = 10  # that a log gets of one evaluation


class Progress:
    """Shows downloads, the steps of jobs and photos. Used by one thread."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(disable=True)
        self._downloading = self._name = self._step = ""
        self._steps = 0  # begun, of all jobs
        self._began = self._first = 0.0

    def bytes(self, name: str, done: int, total: int) -> None:
        """Show a download: *done* of *total* bytes."""
        if name != self._downloading:
            self._downloading = name
            self._new_bar(total, f"{name} download", unit="B", unit_scale=True)
            self._say(f"{name}: downloading {total:,} bytes")
        self._advance_to(done)
        if done >= total:
            self.close()

    def jobs(self, jobs: Sequence[Job]) -> Iterator[Job]:
        """Yield each job under one bar of all their steps."""
        if jobs:
            self._new_bar(len(jobs) * STEPS, "prepare", unit="step")
        for number, job in enumerate(jobs, 1):
            self._name, self._step, self._steps = job.architecture.name, "", (number - 1) * STEPS
            yield job
            self._advance_to(number * STEPS)
            self._say(f"prepared {self._name} ({number} of {len(jobs)})")
        self.close()

    def step(self, name: str, part: float = 0.0) -> None:
        """Show that *part* (0 to 1) of the step *name* of the current job is done."""
        if name != self._step:
            self._step = name
            self._steps += 1
            self._bar.set_description(f"{self._name}: {name}")
            self._say(f"{self._name}: {name}")
        self._advance_to(self._steps - 1 + part)

    def measuring(self, name: str) -> None:
        """Show a bar for the one step of measuring a model."""
        self._name, self._step, self._steps = name, "", 0
        self._new_bar(1, name, unit="model")

    def photos(self, photos: Sequence[LabelledPhoto]) -> Iterator[LabelledPhoto]:
        """Yield each photo under one bar; a log gets a line for every tenth of them."""
        self._new_bar(len(photos), "evaluate", unit="photo")
        start = time.monotonic()
        for number, photo in enumerate(photos, 1):
            yield photo
            self._bar.update()
            if number * _LINES // len(photos) > (number - 1) * _LINES // len(photos):
                left_s = (time.monotonic() - start) / number * (len(photos) - number)
                self._say(f"evaluated {number:,} of {len(photos):,} photos, {left_s:.0f} s to go")
        self.close()

    def share(self, name: str, part: float = 0.0) -> None:
        """Show that *part* (0 to 1) of one long piece of work is done, under one bar as long as the first word stays.

        A log gets a line whenever the name changes, and of the work that keeps it one for every tenth.
        """
        if (word := name.split(maxsplit=1)[0]) != self._name:
            self._name, self._step, self._steps, self._began = word, "", 0, time.monotonic()
            self._first = part
            self._new_bar(1, name, unit="course", initial=part)
        self._bar.set_description(name)
        self._advance_to(part)
        tenth = int(part * _LINES)
        if (name, tenth) != (self._step, self._steps):
            done = part - self._first  # since it was begun, or gone on with
            left = f", {(time.monotonic() - self._began) / done * (1 - part) / 60:.0f} minutes to go" if done else ""
            self._say(f"{name}: {part:.0%}{left}")
            self._step, self._steps = name, tenth

    def close(self) -> None:
        """End the bar that is shown, if any."""
        self._bar.close()

    def _new_bar(
        self, total: float, description: str, *, unit: str, unit_scale: bool = False, initial: float = 0
    ) -> None:
        self._bar.close()
        self._bar = tqdm(
            total=total,
            desc=description,
            unit=unit,
            unit_scale=unit_scale,
            initial=initial,
            disable=not self._terminal,
            file=sys.stderr,
        )

    def _advance_to(self, done: float) -> None:
        self._bar.update(done - self._bar.n)

    def _say(self, line: str) -> None:
        if not self._terminal:
            click.echo(line, err=True)
