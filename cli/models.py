"""flask --app app models prepare | list | verify | evaluate."""

from pathlib import Path

import click
from flask.cli import AppGroup

from cli.evaluate import evaluate_command
from cli.progress import Progress
from models.catalog import CATALOG
from models.engines import Device, EngineKind, engine_maker
from models.errors import ModelError, WeightsMissing
from models.manifest import Manifest
from models.packed import discard_damaged
from models.plan import Plan, Planner
from models.prepare import build
from models.prepared import PreparedModels

NO_WEIGHTS = """
  !! No weights for any model: serving RANDOM weights. Answers are well-formed and mean nothing.
  !! With the files above in place, run this again; `WEIGHTS=imagenet` tries the download again."""


def models_cli(prepared: PreparedModels, weights_dir: Path | None, max_pixels: int) -> AppGroup:
    """Return the command group `models`."""
    group = AppGroup("models", help="Prepare, list, verify and evaluate the networks.")
    group.add_command(evaluate_command(prepared, max_pixels))

    @group.command("prepare")
    @click.argument("names", nargs=-1)
    def prepare(names: tuple[str, ...]) -> None:
        """Convert and quantise what is not prepared yet; by default every model of MODELS."""
        prepare_models(prepared, weights_dir, _known(names))

    @group.command("list")
    def list_() -> None:
        """Show each model of MODELS as it is prepared."""
        for name in prepared.names:
            click.echo(_line(prepared, name))

    @group.command("verify")
    @click.argument("names", nargs=-1)
    def verify(names: tuple[str, ...]) -> None:
        """Hash every prepared file again and run every known answer."""
        results = [_verify(prepared, name) for name in _known(names) or prepared.names]
        if not all(results):
            raise SystemExit(1)

    return group


def _known(names: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.lower() for name in names)
    if unknown := [name for name in names if name not in CATALOG]:
        raise click.UsageError(f"unknown model: {', '.join(unknown)}; known are {', '.join(CATALOG)}")
    return names


def prepare_models(prepared: PreparedModels, weights_dir: Path | None, names: tuple[str, ...] = ()) -> None:
    """Prepare what is not prepared yet of *names*, or of all that is served; show what happens.

    Raises: SystemExit: it can't be done; the message says why.
    """
    store, progress, names = prepared.store, Progress(), names or prepared.names
    try:
        with store.lock():
            plan = Planner(store, weights_dir, progress.bytes).plan(names, prepared.mode, prepared.names)
            _announce(plan)
            for name in plan.withdraw:
                store.withdraw(name)
            for job in progress.jobs(plan.jobs):
                build(store, job, progress.step)
    except (ModelError, OSError) as error:
        raise SystemExit(str(error)) from None
    finally:
        progress.close()


def _announce(plan: Plan) -> None:
    for line in plan.missing:
        click.echo(line, err=True)
    if plan.random and plan.missing:
        click.echo(NO_WEIGHTS, err=True)


def _line(prepared: PreparedModels, name: str) -> str:
    try:
        manifest = Manifest.read(prepared.folder(name))
    except ModelError as error:
        return f"{name:<12} {error}"
    sizes = ", ".join(
        f"{precision} {artifact.record.size >> 20} MB (max change {artifact.max_change:.1e})"
        for precision, artifact in manifest.artifacts.items()
    )
    return f"{name:<12} weights: {manifest.weights.kind:<9} {sizes}"


def _verify(prepared: PreparedModels, name: str) -> bool:
    """Say what is wrong with a model, if anything. With LiteRT, whatever ENGINE is: artifacts are what is checked."""
    try:
        discard_damaged(prepared.folder(name))
        prepared.verify(name, engine_maker(EngineKind.LITERT, Device.CPU, cores=1, share=False))
    except WeightsMissing as error:
        click.echo(f"{name}: not served: {error}")
    except ModelError as error:
        click.echo(f"{name}: {error}", err=True)
        return False
    else:
        click.echo(f"{name}: good")
    return True
