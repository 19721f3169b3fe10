"""What `models tune` searches: the candidates, and the settings that they share."""

from typing import NamedTuple

import click

from cli.prepare import measure_models
from cli.tuning.candidate import Candidate, candidates, worth_trying
from config import Settings
from models.cores import powers_of_two
from models.manifest import Manifest, Precision
from models.plan import WeightsMode
from models.prepared import PreparedModels
from models.speeds import MachineHalf

# Settings of the service that must not decide the search: refusals, say, count as failures. No Redis counts trials.
_OUT_OF_THE_WAY = {"MAX_WAITING": "1000", "REDIS_URL": "", "SHADOW_MODEL": ""}
_NEVER_REACHED = "1000000/second"  # counting costs time, so only where it will be counted


class Space(NamedTuple):
    """*default* is what the service does without a settings file, whether it is among *candidates* or not.

    *fixes_precision*: PRECISION is searched. It is not where several models are served: it speaks for all of them, and
    `auto` lets each have its own.
    """

    default: Candidate
    candidates: list[Candidate]
    fixes_precision: bool

    def settings(self, chosen: Candidate) -> dict[str, str]:
        """Return what a candidate is tried with, and what is written for the one that is chosen."""
        return chosen.settings() | ({} if self.fixes_precision else {"PRECISION": "auto"})


class Restriction(NamedTuple):
    """What alone is to be tried; *precisions* are comma-separated. Empty: as `candidates` and `worth_trying` say."""

    workers: tuple[int, ...] = ()
    threads: tuple[int, ...] = ()
    precisions: str = ""


def space(prepared: PreparedModels, model: str, cores: int, asked: Restriction) -> Space:
    """Return what is tried for a prepared model; its speeds are measured first if they are not known.

    Raises: ModelError: not prepared.  UsageError: what is asked for can't be tried.
    """
    manifest = Manifest.read(prepared.folder(model))
    measure_models(prepared, cores, (model,))
    half = MachineHalf.read(prepared.folder(model), manifest, cores)
    if odd := [count for count in asked.threads if count & (count - 1)]:
        raise click.UsageError(f"--threads: not a power of two: {', '.join(map(str, odd))}")
    default = Candidate(cores, powers_of_two(cores)[-1], half.choice if half else Precision.FLOAT32)
    alone = prepared.available() == (model,)
    wanted = _asked(asked.precisions, prepared) or (worth_trying(manifest, half) if alone else [default.precision])
    return Space(default, candidates(cores, wanted, asked.workers, asked.threads), alone or bool(asked.precisions))


def environment(settings: Settings, prepared: PreparedModels, model: str) -> dict[str, str]:
    """Return the settings, without the prefix, of every service: the caller's, asked about one model.

    All that will be served are loaded: their number decides about memory, and with it about speed (ADR 2).
    """
    given = {
        "MODELS": ",".join(prepared.available() or [model]),
        "DEFAULT_MODEL": model,
        "WEIGHTS": WeightsMode.RANDOM if prepared.mode is WeightsMode.RANDOM else WeightsMode.IMAGENET,
        "CACHE_DIR": str(settings.cache_dir),
        "PREPARE": "never",
    }
    if settings.settings_file:
        given["SETTINGS_FILE"] = str(settings.settings_file)  # absolute: the services start in another folder
    return given | _OUT_OF_THE_WAY | ({"RATE_LIMIT": _NEVER_REACHED} if settings.rate_limit else {})


def _asked(precisions: str, prepared: PreparedModels) -> list[Precision]:
    names = [name.strip() for name in precisions.lower().split(",") if name.strip()]
    if not names:
        return []
    manifests = [Manifest.read(folder) for folder in prepared.folders().values()]
    passed = [p.value for p in Precision if all(p in m.artifacts and m.artifacts[p].passed for m in manifests)]
    if unknown := [name for name in names if name not in passed]:
        raise click.UsageError(f"--precisions: {', '.join(unknown)} can't be served; {', '.join(passed)} can")
    return [Precision(name) for name in dict.fromkeys(names)]
