"""flask --app app models prepare | list | verify | evaluate | tune | add | distill | reload."""

from functools import partial
from pathlib import Path

import click
from flask.cli import AppGroup

from cli.add import add_command
from cli.distilling.command import distill_command
from cli.evaluation.command import evaluate_command
from cli.prepare import measure_if_needed, measure_models, prepare_models
from cli.reload import reload_command
from cli.tuning.command import tune_command
from config import Settings
from models.engines import Device, EngineKind, engine_maker
from models.errors import ModelError, WeightsMissing
from models.gate import objection
from models.judgement import Gate
from models.manifest import Manifest, Precision
from models.packed import discard_damaged
from models.prepared import PreparedModels
from models.registry import Load
from models.speeds import MachineHalf
from models.store import Store
from models.variants import Variant, variants

MB = 1 << 20
_IMAGES_HELP = """Folder of 200 or more photos like those you will send: calibrates int8-static, and judges the quicker
precisions by their agreement with float32."""


def models_cli(prepared: PreparedModels, settings: Settings, cores: int, load: Load) -> AppGroup:
    """Return the command group `models`."""
    group = AppGroup("models", help="Prepare, add, distill, list, verify, evaluate and tune the networks.")
    group.add_command(add_command(prepared, cores))
    group.add_command(distill_command(prepared, cores))
    group.add_command(evaluate_command(prepared, settings.max_pixels))
    group.add_command(reload_command(prepared, load, partial(measure_if_needed, prepared, settings, cores)))
    group.add_command(tune_command(prepared, settings, cores))

    @group.command("prepare")
    @click.argument("names", nargs=-1)
    @click.option("--images", type=click.Path(path_type=Path), help=_IMAGES_HELP)
    @click.option("--measure", is_flag=True, help="Measure the speeds again: the machine was busy, or has changed.")
    def prepare(names: tuple[str, ...], images: Path | None, *, measure: bool) -> None:
        """Convert, quantise, judge and measure what is not prepared yet; by default every model of MODELS."""
        prepare_models(prepared, settings.weights_dir, cores, _known(prepared.store, names), images)
        measure_models(prepared, cores, _known(prepared.store, names), again=measure)

    @group.command("list")
    def list_() -> None:
        """Show each model of MODELS as it is prepared."""
        for name in prepared.names:
            click.echo(_table(prepared, name, cores))

    @group.command("verify")
    @click.argument("names", nargs=-1)
    def verify(names: tuple[str, ...]) -> None:
        """Hash every prepared file again and run every known answer."""
        results = [_verify(prepared, name) for name in _known(prepared.store, names) or prepared.names]
        if not all(results):
            raise SystemExit(1)

    return group


def _known(store: Store, names: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.lower() for name in names)
    try:
        for name in names:
            store.architecture(name)
    except ModelError as error:
        raise click.UsageError(str(error)) from None
    return names


def _table(prepared: PreparedModels, name: str, cores: int) -> str:
    """Return a model's line, and one for each of its precisions; the star is what PRECISION=auto serves here."""
    try:
        folder = prepared.folder(name)
        manifest = Manifest.read(folder)
    except ModelError as error:
        return f"{name:<12} {error}"
    half = MachineHalf.read(folder, manifest, cores)
    choice = half.choice if half else Precision.FLOAT32
    head = f"{name:<12} weights: {manifest.weights.kind}; gate: {manifest.gate}" + (
        "" if half else "; not measured here"
    )
    return "\n".join([head, *(_row(variant, choice, manifest.gate) for variant in variants(manifest, half))])


def _row(variant: Variant, choice: Precision, gate: Gate) -> str:
    mark = "*" if variant.precision is choice else " " if variant.passed else "x"
    row = f"  {mark} {variant.precision:<12} {variant.size / MB:6.1f} MB"
    if speed := variant.speed:
        row += f"  {speed.one_thread_ms:7.1f} ms on one thread, {speed.all_threads_ms:7.1f} on all"
    if found := variant.agreement:
        row += f"  same top-1 {found.agreed} of {found.compared} (95 %: from {found.low:.1%}), p99 change "
        row += f"{found.p99_change:.3f}"
    return row + ("" if variant.passed else f"  REFUSED: {objection(found, gate) if found else 'not judged'}")


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
