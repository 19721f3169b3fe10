"""flask --app app models prepare | list | verify."""

import click
from flask.cli import AppGroup

from cli.progress import Progress
from config import Settings
from models.catalog import CATALOG
from models.engines import engine_maker, resolve_engine
from models.errors import ArtifactError, ModelError
from models.manifest import Manifest
from models.plan import Plan, Planner
from models.prepare import build
from models.prepared import PreparedModels

NO_WEIGHTS = """
  !! No weights for any model: serving RANDOM weights. Answers are well-formed and mean nothing.
  !! With the files above in place, run this again; `WEIGHTS=imagenet` tries the download again."""


def models_cli(settings: Settings, prepared: PreparedModels) -> AppGroup:
    """Return the command group `models`."""
    group = AppGroup("models", help="Prepare, list and verify the networks.")

    @group.command("prepare")
    @click.argument("names", nargs=-1)
    def prepare(names: tuple[str, ...]) -> None:
        """Convert and quantise what is not prepared yet; by default every model of MODELS."""
        _prepare(settings, prepared, _known(names, settings.models))

    @group.command("list")
    def list_() -> None:
        """Show each model of MODELS as it is prepared."""
        for name in settings.models:
            click.echo(_line(prepared, name))

    @group.command("verify")
    @click.argument("names", nargs=-1)
    def verify(names: tuple[str, ...]) -> None:
        """Hash every prepared file again and run every known answer."""
        make_engine = engine_maker(resolve_engine(settings.engine, settings.device), settings.device, threads=1)
        failed = False
        for name in _known(names, settings.models):
            try:
                prepared.verify(name, make_engine)
                click.echo(f"{name}: good")
            except ModelError as error:
                failed = True
                click.echo(f"{name}: {error}", err=True)
        if failed:
            raise SystemExit(1)

    return group


def _known(names: tuple[str, ...], default: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.lower() for name in names)
    if unknown := [name for name in names if name not in CATALOG]:
        raise click.UsageError(f"unknown model: {', '.join(unknown)}; known are {', '.join(CATALOG)}")
    return names or default


def _prepare(settings: Settings, prepared: PreparedModels, names: tuple[str, ...]) -> None:
    store = prepared.store
    try:
        with store.lock(), Progress() as progress:
            plan = Planner(store, settings.weights_dir, progress.bytes).plan(names, settings.weights)
            _announce(plan)
            for job in progress.jobs(plan.jobs):
                build(store, job, progress.step)
    except ModelError as error:
        raise SystemExit(str(error)) from None
    except OSError as error:
        raise SystemExit(f"CACHE_DIR={settings.cache_dir}: {error}") from None


def _announce(plan: Plan) -> None:
    for line in plan.missing:
        click.echo(line, err=True)
    if plan.random and plan.missing:
        click.echo(NO_WEIGHTS, err=True)


def _line(prepared: PreparedModels, name: str) -> str:
    try:
        manifest = Manifest.read(prepared.store.folder(name, random=prepared.serves_random()))
    except ArtifactError as error:
        return f"{name:<12} {error}"
    sizes = ", ".join(
        f"{precision} {artifact.record.size >> 20} MB (max change {artifact.max_change:.1e})"
        for precision, artifact in manifest.artifacts.items()
    )
    return f"{name:<12} weights: {manifest.weights.kind:<9} {sizes}"
