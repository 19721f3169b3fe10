"""flask --app app jobs work | dead | retry."""

import logging.config
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from flask.cli import AppGroup

from cli.prepare import make_ready
from config import Settings, SettingsError
from jobs.errors import StoreUnreachable, UnknownJob
from jobs.settings import NO_STORE
from logs import logging_config
from models.prepared import PreparedModels

if TYPE_CHECKING:
    from jobs.dead_letters import DeadLetter, DeadLetters

_SHOWN = 5  # images of one dead letter


def jobs_cli(
    prepared: PreparedModels,
    settings: Settings,
    cores: int,
    dead_letters: "Callable[[], DeadLetters]",
    run: Callable[[], int],
) -> AppGroup:
    """Return the command group `jobs`. *run* serves jobs until it is told to stop, and returns the exit status."""
    group = AppGroup("jobs", help="Work on asynchronous jobs; look after those that failed (REDIS_URL).")

    @group.command("work")
    def work() -> None:
        """Prepare what PREPARE says, then serve jobs until SIGTERM: WORKERS processes."""
        with _explained():
            if settings.redis_url is None:
                raise SettingsError(NO_STORE)  # before minutes of preparing
            terminal = sys.stderr.isatty()
            logging.config.dictConfig(logging_config(settings.log_level, access=False, terminal=terminal))
            logging.captureWarnings(capture=True)
            make_ready(prepared, settings, cores)
            raise SystemExit(run())

    @group.command("dead")
    def dead() -> None:
        """List failed jobs: images that failed three times on our side."""
        with _explained():
            for letter in dead_letters().list():
                click.echo(_row(letter))

    @group.command("retry")
    @click.argument("job_ids", metavar="ID...", nargs=-1, required=True)
    def retry(job_ids: tuple[str, ...]) -> None:
        """Try the images of failed jobs again that were given up."""
        with _explained():
            results = [_retried(dead_letters(), job_id) for job_id in job_ids]
        if not all(results):
            raise SystemExit(1)

    return group


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except StoreUnreachable as error:
        raise click.ClickException(f"{error} {error.__cause__}") from None
    except SettingsError as error:
        raise click.UsageError(str(error)) from None


def _retried(letters: "DeadLetters", job_id: str) -> bool:
    try:
        click.echo(f"{job_id}: {letters.retry(job_id)} chunks are tried again")
    except UnknownJob:
        click.echo(f"{job_id}: there is no failed job of that id whose images are still kept", err=True)
        return False
    return True


def _row(letter: "DeadLetter") -> str:
    names = [f"{index} {name!r}" for index, name in list(letter.images.items())[:_SHOWN]]
    names += [f"and {more} more"] if (more := len(letter.images) - _SHOWN) > 0 else []
    hint = "" if letter.is_kept else "  (its images are no longer kept)"
    return f"{letter.id}  {datetime.fromtimestamp(letter.died, UTC):%Y-%m-%d %H:%M}  {', '.join(names)}{hint}"
