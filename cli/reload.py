"""flask --app app models reload: what was prepared or added since, in the place of what is served now."""

import time

import click

from cli.prepare import measure_models
from models.errors import ModelError
from models.prepared import PreparedModels
from models.registry import Load
from models.reload import Asked, Done, ReloadDesk

_HELP = """Put what was prepared or added since in the place of what is served now, in every process on this machine
that serves from this CACHE_DIR.

Each NAME (all of MODELS) is loaded and asked its known answers here first, then in each process between two requests.
One that is no good leaves the old one in its place; no request is lost."""
_PATIENCE_S = 120.0
_LOOK_EVERY_S = 0.1


def reload_command(prepared: PreparedModels, load: Load, cores: int) -> click.Command:
    """Return the command `reload`."""

    def reload(*, names: tuple[str, ...]) -> None:
        wanted = tuple(name.lower() for name in names) or prepared.available()
        if unknown := [name for name in wanted if name not in prepared.names]:
            raise click.UsageError(f"not in MODELS: {', '.join(unknown)}; MODELS is {','.join(prepared.names)}")
        measure_models(prepared, cores, wanted)
        for name in wanted:
            try:
                load(name)  # also packs its weights, so that no process that serves has to
            except ModelError as error:
                raise SystemExit(f"{name} can't be served, and what is served stays: {error}") from None
        desk = ReloadDesk(prepared.store.root.parent)
        if not desk.living():
            raise SystemExit("no process on this machine serves from this CACHE_DIR")
        _report(_await(desk, desk.ask(wanted)))

    return click.Command("reload", callback=reload, params=[click.Argument(["names"], nargs=-1)], help=_HELP)


def _await(desk: ReloadDesk, asked: Asked) -> dict[int, Done]:
    """Return what each process did; one that ends meanwhile is not waited for, its successor loads what is new."""
    give_up = time.monotonic() + _PATIENCE_S
    while late := [pid for pid, done in desk.living().items() if done.number < asked.number]:
        if time.monotonic() > give_up:
            raise SystemExit(f"no answer within {_PATIENCE_S:g} s from {', '.join(map(str, late))}")
        time.sleep(_LOOK_EVERY_S)
    return desk.living()


def _report(found: dict[int, Done]) -> None:
    """Raises: SystemExit: somewhere the old one stays."""
    failed = False
    for pid, done in sorted(found.items()):
        for name, reason in done.outcomes.items():
            failed = failed or bool(reason)
            click.echo(f"process {pid}: {name} " + (f"stays as it was: {reason}" if reason else "reloaded"))
    if failed:
        raise SystemExit(1)
