"""flask --app app models reload: what was prepared or added since, in the place of what is served now."""

import time
from collections.abc import Callable, Mapping

import click

from models.errors import ModelError, WeightsMissing
from models.prepared import PreparedModels
from models.registry import Load
from models.reload_desk import Done, ReloadDesk

_HELP = """Put what was prepared or added since in the place of what is served now, in every process on this machine
that serves from this CACHE_DIR. Give it the settings and the user of the service.

Each NAME (all that are served) is loaded and asked its known answers here first, then in one process after the other,
between two requests. One that is no good leaves the old one in its place; no request is lost."""
_PATIENCE_S = 600.0  # an engine process compiles; a process that hangs is ended long before, and not waited for
_LOOK_EVERY_S = 0.1


def reload_command(prepared: PreparedModels, load: Load, measure: Callable[[tuple[str, ...]], None]) -> click.Command:
    """Return the command `reload`; *measure* does what has to be known of a new build on this machine."""

    def reload(*, names: tuple[str, ...]) -> None:
        try:
            _reload(ReloadDesk(prepared.store.root.parent), names)
        except (ModelError, OSError) as error:
            raise SystemExit(str(error)) from None

    def _reload(desk: ReloadDesk, names: tuple[str, ...]) -> None:
        served = {name for done in desk.living().values() for name in done.serves}
        if not served:
            raise SystemExit("no process on this machine serves from this CACHE_DIR, as this user")
        asked = tuple(name.lower() for name in names)
        if unknown := [name for name in asked if name not in served]:
            raise SystemExit(f"{', '.join(unknown)}: served by no process here; served are {', '.join(sorted(served))}")
        wanted = _loadable(load, measure, asked or tuple(sorted(served)), is_asked_for=bool(asked))
        if not wanted:
            raise SystemExit("none of what is served has weights")
        with desk.alone():
            found = _answers(desk, desk.ask(wanted).number)
        _tell(found, wanted)

    return click.Command("reload", callback=reload, params=[click.Argument(["names"], nargs=-1)], help=_HELP)


def _loadable(
    load: Load, measure: Callable[[tuple[str, ...]], None], names: tuple[str, ...], *, is_asked_for: bool
) -> tuple[str, ...]:
    """Return those of *names* that have weights.  Raises: SystemExit: one that can't be served."""
    measure(names)
    found = []
    for name in names:
        try:
            load(name)  # also packs its weights, so that no process that serves has to
        except WeightsMissing:
            if is_asked_for:
                raise SystemExit(f"{name} has no weights, and what is served stays") from None
        except ModelError as error:
            raise SystemExit(f"{name} can't be served, and what is served stays: {error}") from None
        else:
            found.append(name)
    return tuple(found)


def _answers(desk: ReloadDesk, number: int) -> dict[int, Done]:
    """Return what each process did; one that ends meanwhile is not waited for, its successor loads what is new."""
    give_up = time.monotonic() + _PATIENCE_S
    while late := [pid for pid, done in desk.living().items() if done.is_prompt and done.number != number]:
        if time.monotonic() > give_up:
            raise SystemExit(f"no answer within {_PATIENCE_S:g} s from {', '.join(map(str, late))}")
        time.sleep(_LOOK_EVERY_S)
    return desk.living()


def _tell(found: Mapping[int, Done], wanted: tuple[str, ...]) -> None:
    """Raises: SystemExit: somewhere the old one stays."""
    failed = False
    for pid, done in sorted(found.items()):
        if not done.is_prompt:
            if names := ", ".join(name for name in wanted if name in done.serves):
                click.echo(f"process {pid}: {names} before its next job")
            continue
        for name, reason in done.outcomes.items():
            failed = failed or bool(reason)
            click.echo(f"process {pid}: {name} " + (f"stays as it was: {reason}" if reason else "reloaded"))
    if failed:
        raise SystemExit(1)
