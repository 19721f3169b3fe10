"""flask --app app models tune: the fastest configuration for this machine and these photos, under a p99 target."""

import os
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from cli.service_process import ServiceFailed
from cli.tuning.frontier import Good, choose, meeting
from cli.tuning.number_list import NumberList
from cli.tuning.search import Search, search
from cli.tuning.space import Restriction, Space, environment, space
from cli.tuning.table import nearest, table
from cli.tuning.tuned_file import with_settings
from config import Settings
from models.engines import EngineKind, resolve_engine
from models.errors import ModelError
from models.machine import cpu_model
from models.photos import find_photos
from models.prepared import PreparedModels

_HELP = """Find the quickest WORKERS, THREADS and PRECISION for this machine and the photos in DIR.

Starts the service in each configuration and loads it with more and more connections, until the 99th percentile of the
latency exceeds the target or the rate stops rising. The best goes into a settings file. Takes some minutes, in which
nothing else should run on this machine: a service that does disturbs the figures, and is disturbed. Where several
models are served, PRECISION stays auto, so that each keeps its own."""
_P99_HELP = """Most the 99th percentile may be, in milliseconds; default: 10 x the median of a lone request in the
default configuration."""


def tune_command(prepared: PreparedModels, settings: Settings, cores: int) -> click.Command:
    """Return the command `tune`."""
    models = click.Choice(prepared.names, case_sensitive=False)

    @click.command("tune", help=_HELP)
    @click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
    @click.option(
        "--model",
        type=models,
        default=prepared.default(settings.fallback_model),
        show_default=True,
        help="Network to load.",
    )
    @click.option("--p99", "p99_ms", type=click.FloatRange(0, min_open=True), metavar="MS", help=_P99_HELP)
    @click.option("--seconds", type=click.FloatRange(0.1), default=4.0, show_default=True, help="Of each measurement.")
    @click.option("--output", type=click.Path(path_type=Path), default=Path("triptych.env"), show_default=True,
                  help="Settings file to write; lines of other settings in it stay.")  # fmt: skip
    @click.option("--workers", type=NumberList(), default=(), help="Try only these, such as 1,2.")
    @click.option("--threads", type=NumberList(), default=(), help="Try only these: powers of two.")
    @click.option("--precisions", default="", help="Try only these, such as float32,int8.")
    def tune(workers: tuple[int, ...], threads: tuple[int, ...], precisions: str, **given: Any) -> None:
        if resolve_engine(settings.engine, settings.device) is not EngineKind.LITERT:
            raise click.UsageError("tune is for ENGINE=litert: Keras shares its cores by itself")
        if settings.has_auth:
            raise click.UsageError("tune shows no credential: run it with API_KEYS_FILE and JWT_... unset")
        try:
            _tune(prepared, settings, cores, Restriction(workers, threads, precisions), **given)
        except (ModelError, ServiceFailed, OSError, UnicodeError) as error:
            raise SystemExit(str(error)) from None

    return tune


def _tune(
    prepared: PreparedModels, settings: Settings, cores: int, asked: Restriction,
    *, folder: Path, model: str, p99_ms: float | None, seconds: float, output: Path,
) -> None:  # fmt: skip
    """Search, print, write.  Raises: ModelError, ServiceFailed, OSError, UnicodeError: it can't be done."""
    text = _writable(output)
    photos = find_photos(folder)
    tried = space(prepared, model, cores, asked)
    _end_as_ctrl_c_does()
    found = search(tried, photos, environment(settings, prepared, model), seconds, p99_ms)
    good = _report(found, tried)
    told = [f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {cpu_model()}, {cores} cores", _told(good, found, model)]
    _write(output.resolve(), with_settings(text, tried.settings(good.trial.candidate), told))
    click.echo(
        f"Written to {output}. `make serve` uses triptych.env in its own folder; for any other start set "
        f"TRIPTYCH_SETTINGS_FILE={output.absolute()}."
    )


def _writable(output: Path) -> str:
    """Return what a file holds that is to be written, minutes before it is.  Raises: OSError, UnicodeError."""
    text = output.read_text(encoding="utf-8-sig") if output.exists() else ""
    if not os.access(output if output.exists() else output.absolute().parent, os.W_OK):
        raise PermissionError(f"{output} can't be written")
    return text


def _write(output: Path, text: str) -> None:
    part = output.with_name(f".{output.name}.part")  # a service may be starting with the file
    try:
        part.write_text(text, encoding="utf-8")
        if output.exists():
            shutil.copymode(output, part)
        part.replace(output)
    except OSError:  # a file alone in a folder that is not ours, or mounted by itself
        output.write_text(text, encoding="utf-8")


def _report(found: Search, tried: Space) -> Good:
    """Print the table; return the best.  Raises: SystemExit: none meets the target."""
    good = choose(meeting(found.trials, found.p99_ms))
    click.echo(table(found.trials, found.p99_ms, good and good.trial.candidate, tried.default))
    if good is None:
        raise SystemExit(
            f"No configuration keeps p99 within {found.p99_ms:.1f} ms; nothing is written. {nearest(found.trials)}"
        )
    return good


def _told(good: Good, found: Search, model: str) -> str:
    point, lone_ms = good.point, good.trial.lone_ms
    return (
        f"{model}, p99 at most {found.p99_ms:.0f} ms: {point.rate:.1f} requests a second at {point.connections} "
        f"connections with p99 {point.p99_ms:.1f} ms; {lone_ms:.1f} ms for a lone request"
    )


def _end_as_ctrl_c_does() -> None:
    """Let a supervisor's signals, too, end the services that we started."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
