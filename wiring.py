"""Settings -> the parts of the service. Nothing below this knows Settings: a class takes plain arguments."""

import os
import sys
from collections.abc import Callable
from functools import cache, partial

from allocator import keep_freed_memory
from config import Settings
from cores import usable_cores
from models.cores import Cores
from models.decode_slots import DecodeSlots
from models.engine_keeper import EngineKeeper
from models.engine_words import ADDRESS_VARIABLE
from models.engines import EngineKind, engine_maker, remote_maker, resolve_engine, resolve_precision
from models.machine import runtime_folder
from models.prepared import PreparedModels
from models.registry import RELOAD_S, Load, Registry
from models.reload import Reloads
from models.reload_desk import ReloadDesk
from models.road import Road, UploadLimits
from models.shadow import Shadow
from models.store import Store
from preprocessing.decode import prepare_pillow
from web import metrics_folder
from web.access import ANYONE, Access
from web.admission import Admission
from web.job_desk import JobDesk
from web.metrics import Metrics
from web.question import Asker
from web.request import MB
from web.scrape import Scrape
from web.service import Accepts, Service
from web.uploads import UploadReader

_MOST_SLOTS = 64  # of a worker's ring: as many as run at once
WORKERS_A_CORE = 4  # with an engine process: each is on its way with one request, and most of that time it waits


def prepared_models(settings: Settings) -> PreparedModels:
    """Return what is served, from where."""
    return PreparedModels(Store(settings.cache_dir), settings.models, settings.weights)


def make_service(
    settings: Settings, prepared: PreparedModels, load: Load, callers: Access = ANYONE, jobs: JobDesk | None = None
) -> Service:
    """Return the service, whose models come into memory by *load*; nothing is loaded yet."""
    registry, metrics = Registry(prepared.names, load), Metrics()
    admission = Admission(settings.max_waiting * usable_cores(), settings.deadline_s)
    cores = cache(partial(shared_cores, settings, partial(admission.fair_share, usable_cores())))
    return Service(
        registry=registry,
        load=load,
        road=cache(lambda: make_road(settings, cores())),
        reader=UploadReader(settings.max_upload_mb * MB, settings.max_files),
        asker=Asker(registry, prepared.default(settings.fallback_model), settings.resize),
        accepts=accepts(settings, callers),
        self_test_s=settings.self_test_s,
        metrics=metrics,
        scrape=Scrape(metrics.registry, metrics_folder.shared(), cores, jobs.figures if jobs else None),
        has_keys=callers.has_keys,
        jobs=jobs,
        shadow=shadow(settings, prepared, metrics),
        admission=admission,
        cors_origins=settings.cors_origins,
        start_process=partial(start_process, settings),
        reload_s=RELOAD_S if has_engine_process(settings) else 0.0,
        reloads=Reloads(lambda: ReloadDesk(settings.cache_dir), registry, metrics.models),
    )


def shadow(settings: Settings, prepared: PreparedModels, metrics: Metrics) -> Shadow | None:
    """Return what shows a share of the requests to a candidate, where there is one."""
    name = settings.shadow_model
    if name is None:
        return None
    beside = prepared.default(settings.fallback_model)
    told = partial(metrics.shadowed, name)
    return Shadow(name, beside, settings.shadow_share, told, patience_s=settings.deadline_s)


def accepts(settings: Settings, callers: Access) -> Accepts:
    """Return what callers may send."""
    return Accepts(
        formats=settings.formats,
        max_upload_mb=settings.max_upload_mb,
        max_pixels=settings.max_pixels,
        credentials=callers.credentials,
        resize=settings.resize.value,
        deadline_s=settings.deadline_s,
    )


def loader(settings: Settings, prepared: PreparedModels) -> Load:
    """Return what loads a prepared model by its name: into this process, or into its engine process if it has one."""
    engine = resolve_engine(settings.engine, settings.device)
    precision = resolve_precision(settings.precision, engine)
    cores = usable_cores()
    models = len(prepared.available()) + (settings.shadow_model is not None)
    keep_tables = keeps_tables(models, settings.workers or cores, cores)
    if address := os.environ.get(ADDRESS_VARIABLE):
        make_engine = remote_maker(bytes.fromhex(address), min(settings.max_files, _MOST_SLOTS))
    else:
        make_engine = engine_maker(engine, settings.device, cores, settings.threads, keep_tables=keep_tables)
    return lambda name: prepared.load(name, precision, make_engine, cores)


def has_engine_process(settings: Settings) -> bool:
    """Say whether inference is in a process of its own, for all workers."""
    return resolve_engine(settings.engine, settings.device) is EngineKind.KERAS


def engine_keeper(settings: Settings, ended: Callable[[], None], module: str = "wiring_engine") -> EngineKeeper | None:
    """Return what keeps the engine process, which runs *module*, where there is to be one.

    *ended* is called when one has by itself.
    """
    return EngineKeeper((sys.executable, "-m", module), ended) if has_engine_process(settings) else None


def worker_count(settings: Settings) -> int:
    """Return how many workers serve."""
    return settings.workers or usable_cores() * (WORKERS_A_CORE if has_engine_process(settings) else 1)


def keeps_tables(models: int, workers: int, cores: int) -> bool:
    """Say whether an engine keeps its tables: 20 MB a worker and model, for a twentieth of a crowd's time (ADR 2)."""
    return models == 1 and workers <= cores


def start_process(settings: Settings) -> None:
    """Prepare this process for images, before any is decoded."""
    keep_freed_memory()
    prepare_pillow(settings.max_pixels)


def shared_cores(settings: Settings, share: Callable[[], int]) -> Cores:
    """Return the cores of this machine, of which one request gets at most *share*."""
    return Cores(runtime_folder() / "cores", usable_cores(), settings.threads, share=share)


def make_road(settings: Settings, cores: Cores) -> Road:
    """Return the road from upload to scores."""
    limits = UploadLimits(settings.formats, settings.max_pixels)
    return Road(limits, cores, DecodeSlots(runtime_folder() / "decodes", usable_cores()))
