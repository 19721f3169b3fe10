"""What `prepare` has to do: which models need building, from which weights. Decides, builds nothing."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from models.catalog import CATALOG, Architecture
from models.errors import ArtifactError, WeightsMissing
from models.manifest import Manifest
from models.store import Store
from models.weights import download_weights, find_weights, where_to_get


class WeightsMode(StrEnum):
    """The setting WEIGHTS."""

    IMAGENET = "imagenet"  # real weights or stop
    AUTO = "auto"  # real weights for whatever has them; random ones if nothing has
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Job:
    """One model to build; *weights* None means seeded random ones."""

    architecture: Architecture
    weights: Path | None


@dataclass(frozen=True, slots=True)
class Plan:
    """*jobs* to do; *missing*: one line for each model that stays without weights; *random*: random ones are served."""

    jobs: tuple[Job, ...]
    missing: tuple[str, ...] = ()
    random: bool = False


Progress = Callable[[str, int, int], None]  # model, bytes so far, bytes in all
Fetch = Callable[[Architecture, Callable[[int, int], None]], Path]


class Planner:
    """Looks at weights and at what is prepared."""

    def __init__(
        self, store: Store, weights_dir: Path | None, progress: Progress, fetch: Fetch = download_weights
    ) -> None:
        self._store = store
        self._weights_dir = weights_dir
        self._progress = progress
        self._fetch = fetch

    def plan(self, names: Iterable[str], mode: WeightsMode) -> Plan:
        """Return what is to be done for *names* so that *mode* holds.

        Raises: WeightsMissing: under `imagenet`; the message names every missing file, its source and its place.
        """
        architectures = [CATALOG[name] for name in names]
        if mode is WeightsMode.RANDOM:
            return self._random(architectures)
        sources = {a.name: self._source(a, patient=mode is WeightsMode.IMAGENET) for a in architectures}
        missing = tuple(where_to_get(a, self._weights_dir) for a in architectures if sources[a.name] is None)
        if missing and mode is WeightsMode.IMAGENET:
            raise WeightsMissing("\n".join(missing))
        if len(missing) == len(architectures):
            return self._random(architectures, missing)
        jobs = [Job(a, source) for a in architectures if isinstance(source := sources[a.name], Path)]
        return Plan(tuple(jobs), missing)

    def _random(self, architectures: list[Architecture], missing: tuple[str, ...] = ()) -> Plan:
        jobs = [Job(a, None) for a in architectures if prepared(self._store, a, random=True) is None]
        return Plan(tuple(jobs), missing, random=True)

    def _source(self, architecture: Architecture, *, patient: bool) -> Path | bool | None:
        """Return the weights file to build from, True where nothing is to be built, None where no weights are had."""
        local = find_weights(architecture, self._weights_dir)
        manifest = prepared(self._store, architecture, random=False)
        if manifest and (local is None or manifest.weights.record.matches(local)):
            return True
        if local is None and (patient or not self._store.is_unavailable(architecture.name)):
            local = self._download(architecture)
        return local

    def _download(self, architecture: Architecture) -> Path | None:
        try:
            return self._fetch(architecture, lambda done, total: self._progress(architecture.name, done, total))
        except OSError as error:
            self._store.note_unavailable(architecture.name, str(error))
            return None


def prepared(store: Store, architecture: Architecture, *, random: bool) -> Manifest | None:
    """Return the manifest of a model that is prepared and whole (size and mtime of every file), else None."""
    folder = store.folder(architecture.name, random=random)
    try:
        manifest = Manifest.read(folder)
    except ArtifactError:
        return None
    whole = all(record.matches(folder / name) for name, record in manifest.files().items())
    return manifest if whole and manifest.fits(architecture) else None
