"""What `prepare` has to do: which models need building, from which weights. Downloads weights, builds nothing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from models.architecture import Architecture
from models.bundled import POCKET, POCKET_FILE, pocket
from models.catalog import CATALOG
from models.errors import ArtifactError, WeightsMissing
from models.manifest import Manifest
from models.photos import photo_set
from models.store import Store
from models.weights import download_weights, find_weights, where_to_get


class WeightsMode(StrEnum):
    """The setting WEIGHTS."""

    IMAGENET = "imagenet"  # real weights or stop
    AUTO = "auto"  # real weights for whatever has them; the model in the box if nothing has
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Job:
    """One model to build; *weights* None means seeded random ones.

    *photos* to calibrate and judge by; *base*: an earlier build, whole, whose float32 artifact is taken over.
    """

    architecture: Architecture
    weights: Path | None
    photos: tuple[Path, ...] = ()
    base: Path | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do so that WEIGHTS holds.

    *jobs* to build; *missing*: for each model without weights one line that says what to get and where to put it;
    *withdraw*: names of those whose earlier build is damaged, so that it can't be made again; *pocket*: none has
    weights, so that the model in the box is served.
    """

    jobs: tuple[Job, ...]
    missing: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    pocket: bool = False


Progress = Callable[[str, int, int], None]  # model, bytes so far, bytes in all
Fetch = Callable[[Architecture, Callable[[int, int], None]], Path]


class Planner:
    """Looks at weights and at what is prepared."""

    def __init__(
        self,
        store: Store,
        weights_dir: Path | None,
        progress: Progress,
        photos: tuple[Path, ...] = (),
        fetch: Fetch = download_weights,
    ) -> None:
        """*photos*: where given, models that were judged by others are judged anew."""
        self._store = store
        self._weights_dir = weights_dir
        self._photos = photos
        self._progress = progress
        self._fetch = fetch

    def plan(self, names: tuple[str, ...], mode: WeightsMode, served: tuple[str, ...] = ()) -> Plan:
        """Return what is to be done for *names* so that *mode* holds; `auto` decides over everything that is *served*.

        Raises: WeightsMissing: under `imagenet`; the message names every missing file, its source and its place.
        """
        if mode is WeightsMode.RANDOM:
            return Plan(self._random_jobs(names))
        considered = tuple(dict.fromkeys((*names, *served))) if mode is WeightsMode.AUTO else names
        jobs: dict[str, list[Job]] = {}
        missing: dict[str, str] = {}
        for name in considered:
            try:
                jobs[name] = self._job(name, ask_again=mode is WeightsMode.IMAGENET, fetch=name in names)
            except WeightsMissing as error:
                missing[name] = str(error)
        lines = tuple(missing.values())
        if missing and mode is WeightsMode.IMAGENET:
            raise WeightsMissing("\n".join(lines))
        withdraw = tuple(name for name in missing if name in CATALOG and self._store.has(name, random=False))
        others = {name for name in considered if name != POCKET}
        if not any(name in jobs or (name not in withdraw and self._store.has(name, random=False)) for name in others):
            return Plan(tuple(self._pocket_job()), lines, withdraw, pocket=bool(missing))
        return Plan(tuple(job for name in names for job in jobs.get(name, [])), lines, withdraw)

    def _random_jobs(self, names: tuple[str, ...]) -> tuple[Job, ...]:
        jobs: list[Job] = []
        for name in names:
            if name not in CATALOG:
                jobs += self._own_job(name)
                continue
            architecture = CATALOG[name]
            manifest = prepared(self._store, name, random=True)
            if manifest is None:
                jobs.append(Job(architecture, None, self._photos))
            else:
                jobs += self._judged_anew(manifest, Job(architecture, None, self._photos))
        return tuple(jobs)

    def _judged_anew(self, manifest: Manifest, job: Job) -> list[Job]:
        if not self._photos or manifest.photos == photo_set(self._photos):
            return []
        return [replace(job, base=self._store.folder(manifest.name, random=job.weights is None))]

    def _own_job(self, name: str) -> list[Job]:
        """Return what is to be done for a model of no catalog.  Raises: WeightsMissing: add it again."""
        if name == POCKET:
            return self._pocket_job()
        manifest = prepared(self._store, name, random=False)
        if manifest is None:
            raise WeightsMissing(f"{name} was added to an earlier version, or is damaged: add it again (`models add`)")
        return self._judged_anew(manifest, Job(manifest.architecture(), manifest.weights.path, self._photos))

    def _pocket_job(self) -> list[Job]:
        job, manifest = Job(pocket(), POCKET_FILE, self._photos), prepared(self._store, POCKET, random=False)
        if manifest and manifest.weights.record.matches(POCKET_FILE) and manifest.architecture() == job.architecture:
            return self._judged_anew(manifest, job)
        return [job]

    def _job(self, name: str, *, ask_again: bool, fetch: bool) -> list[Job]:
        """Return the job that makes this model from real weights, or none where it is made.  Raises: WeightsMissing."""
        if name not in CATALOG:
            return self._own_job(name)
        architecture = CATALOG[name]
        local = find_weights(architecture, self._weights_dir)
        manifest = prepared(self._store, name, random=False)
        if manifest and (local is None or manifest.weights.record.matches(local)):
            return self._judged_anew(manifest, Job(architecture, local or manifest.weights.path, self._photos))
        weights = local or self._download(architecture, ask_again=ask_again, fetch=fetch)
        return [Job(architecture, weights, self._photos)]

    def _download(self, architecture: Architecture, *, ask_again: bool, fetch: bool) -> Path:
        reason = "" if ask_again else self._store.unavailable(architecture.name)
        reason = reason or ("" if fetch else "not asked for")
        if not reason:
            try:
                return self._fetch(architecture, lambda done, all_: self._progress(architecture.name, done, all_))
            except ConnectionAbortedError as error:
                reason = str(error)  # broken off half-way: the next call goes on from there, so nothing is noted
            except OSError as error:
                reason = str(error)
                self._store.note_unavailable(architecture.name, reason)
        raise WeightsMissing(f"{where_to_get(architecture, self._weights_dir)} (download: {reason})")


def prepared(store: Store, name: str, *, random: bool) -> Manifest | None:
    """Return the manifest of a model that is prepared and whole (size and mtime of every file), else None."""
    folder = store.folder(name, random=random)
    try:
        manifest = Manifest.read(folder)
    except ArtifactError:
        return None
    whole = all(record.matches(folder / name) for name, record in manifest.files().items())
    return manifest if whole and manifest.fits_us() else None
