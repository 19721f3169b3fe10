"""Gunicorn's settings for Triptych; each line has its why. Command-line options (-w, -b) override them."""

import gc
import os
import tempfile
from pathlib import Path
from typing import Any

import app as _app  # noqa: F401  # so that workers share its pages (and HUP reads settings anew, not code)
from access.exposure import reachable
from cli.prepare import measure_models, prepare_models
from config import SettingsError, read_once
from cores import usable_cores
from models.engines import Device, EngineKind, require_gpu, resolve_engine
from models.errors import ModelError
from models.prepared import PreparedModels
from models.store import Store
from wiring import check_access

try:
    settings, _same_settings = read_once(os.environ)
except SettingsError as error:
    raise SystemExit(str(error)) from None

bind = f"{settings.host}:{settings.port}"
workers = settings.workers or usable_cores()  # one a core; they share the cores between them
# Sync, because that is balanced at every number of connections and CompiledModel holds the GIL (ADR 0002); with a door
# in front (ADR 0006).
worker_class = "web.worker.AdmittingWorker"
preload_app = False  # runtimes must not be forked: models are loaded in the worker
timeout = 120  # above the worst load (packing VGG16 in float32 on a busy core: 8 s); also ends a body that takes longer
graceful_timeout = settings.grace_s
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  # the heartbeat must not wait for a disk
control_socket_disable = True  # a thread and a socket in the master that nothing of ours uses
limit_request_line = 2048  # our longest address is /v1/predict with three short fields
forwarded_allow_ips = ""  # nobody's X-Forwarded-... is believed here: TRUSTED_PROXIES counts them, in one place
loglevel = settings.log_level
if settings.access_log:
    logger_class = "web.access_log.AccessLogger"
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s [%(process)d] %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"level": settings.log_level.upper(), "handlers": ["stderr"]},
    "loggers": {
        "gunicorn.error": {"level": settings.log_level.upper(), "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "INFO" if settings.access_log else "WARNING", "handlers": [], "propagate": True},
    },
}


def on_starting(server: Any) -> None:
    """Before anything is forked: refuse what can't be served; warn where all may call; prepare what PREPARE says."""
    if settings.settings_file:
        server.log.info("Settings from %s, under those of the environment", settings.settings_file)
    try:
        check_access(settings)
        if settings.device is Device.GPU:
            with tempfile.TemporaryDirectory() as folder:
                require_gpu(Path(folder) / "gpu.log")
    except (ModelError, SettingsError) as error:
        raise SystemExit(str(error)) from None
    if not settings.has_auth and (open_at := reachable(server.cfg.address)):
        server.log.warning("Anyone who reaches %s may call: set API_KEYS_FILE or JWT_..., or HOST", open_at)
    prepared = PreparedModels(Store(settings.cache_dir), settings.models, settings.weights)
    if settings.prepare == "changed" or (settings.prepare == "missing" and prepared.incomplete()):
        prepare_models(prepared, settings.weights_dir, usable_cores())  # imports no runtime here: its children do
    if settings.precision == "auto" and resolve_engine(settings.engine, settings.device) is EngineKind.LITERT:
        measure_models(prepared, usable_cores())


def post_fork(server: object, worker: object) -> None:
    """In the worker, before it loads the application: settings are read once, by the master."""
    os.environ.update(_same_settings)


def pre_fork(server: object, worker: object) -> None:
    """Keep the garbage collector from writing to the pages that the workers share with us."""
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """In the worker, after the fork and before it accepts: load every model. One that fails is reported by /readyz."""
    worker.wsgi.extensions["triptych"].start()
