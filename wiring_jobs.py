"""Settings -> the asynchronous side. Celery and redis-py are imported where there is a REDIS_URL, and only there."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from config import Settings, SettingsError
from cores import usable_cores
from jobs.settings import NO_STORE
from models.prepared import PreparedModels
from models.registry import Load, Registry
from models.reload import Reloads
from models.reload_desk import ReloadDesk
from models.self_test import SelfTests
from web.job_desk import JobDesk
from web.request import MB
from web.uploads import UploadReader
from wiring import has_engine_process, make_road, shared_cores, start_process

if TYPE_CHECKING:
    import redis

    from jobs.dead_letters import DeadLetters
    from jobs.figures import Figures
    from jobs.ledger import Ledger
    from jobs.messages import Publisher
    from jobs.worker import Started

_CALLER_S, _SCRAPE_S, _WORKER_S = 2.0, 0.5, 5.0  # until an answer of Redis is given up
_RESTART = 8  # retries, in some five seconds: what a worker has computed is worth a restart of Redis


def job_desk(settings: Settings) -> JobDesk | None:
    """Return what the web needs for jobs, where there are any; nothing is imported or connected yet."""
    if settings.redis_url is None:
        return None
    return JobDesk(
        ledger=cache(lambda: _ledger(settings)),
        figures=_figures(settings),
        reader=UploadReader(settings.max_upload_mb * MB, settings.max_job_files),
    )


def check_jobs(settings: Settings) -> None:
    """Import what jobs need, so that processes forked later share it."""
    if settings.redis_url is not None:
        import jobs.ledger
        import jobs.messages  # noqa: F401


def dead_letters(settings: Settings) -> "DeadLetters":
    """Return the dead letters.  Raises: SettingsError: there are no jobs."""
    from jobs.dead_letters import DeadLetters

    return DeadLetters(_connect(settings, _CALLER_S), settings.job_image_ttl_s, _publisher(settings))


def run_job_worker(settings: Settings, prepared: PreparedModels, load: Load) -> int:
    """Serve jobs until told to stop; return the exit status.  Raises: SettingsError: there are no jobs."""
    from jobs.messages import Publisher, make_celery
    from jobs.reaper import Reaper
    from jobs.worker import WorkerProcess, run_worker

    app = make_celery(_url(settings))
    # Each process has its own copy of the weights where Keras serves: of a GPU's memory too, and a CUDA context.
    processes = settings.workers or (1 if has_engine_process(settings) else usable_cores())
    publish = Publisher(app)
    reaper = Reaper(_connect(settings, _CALLER_S), publish)
    names, spare = prepared.names, prepared.spare()  # what is prepared later is not for one of the processes alone
    process = WorkerProcess(publish, lambda: _start_work(settings, Registry(names, load, spare), processes))
    return run_worker(app, reaper, process, processes)


def _start_work(settings: Settings, registry: Registry, processes: int) -> "Started":
    """Load every model into this process."""
    from jobs.claims import Claims
    from jobs.crowd import Crowd
    from jobs.messages import SLICE_S
    from jobs.work import Work
    from jobs.worker import Started

    start_process(settings)
    reloads = Reloads(lambda: ReloadDesk(settings.cache_dir), registry, is_prompt=False)
    reloads.start()
    registry.start()
    crowd = Crowd(usable_cores(), processes)
    road = make_road(settings, shared_cores(settings, crowd.fair_share))
    claims = Claims(_connect(settings, _WORKER_S, _RESTART), settings.job_lease_s)
    work = Work(claims, registry, road, SLICE_S, crowd.note)
    return Started(
        work,
        SelfTests(registry, settings.self_test_s, lambda *_: None),
        reloads,
        is_sound=lambda: not registry.failures(),
    )


def _ledger(settings: Settings) -> "Ledger":
    from jobs.ledger import Keeping, Ledger

    keeping = Keeping(settings.max_jobs_mb * MB, settings.job_image_ttl_s, settings.job_result_ttl_s)
    return Ledger(_connect(settings, _CALLER_S), keeping, _publisher(settings))


def _figures(settings: Settings) -> "Callable[[], Figures]":
    @cache
    def client() -> "redis.Redis":
        return _connect(settings, _SCRAPE_S)

    def ask() -> "Figures":
        from jobs.figures import figures

        return figures(client())

    return ask


def _publisher(settings: Settings) -> "Publisher":
    from jobs.messages import Publisher, make_celery

    return Publisher(make_celery(_url(settings)))


def _connect(settings: Settings, timeout_s: float, retries: int = 1) -> "redis.Redis":
    from jobs.store import Persistence, connect

    return connect(_url(settings), Persistence(timeout_s, retries, is_patient=retries > 1))


def _url(settings: Settings) -> str:
    if settings.redis_url is None:
        raise SettingsError(NO_STORE)
    return settings.redis_url.get_secret_value()
