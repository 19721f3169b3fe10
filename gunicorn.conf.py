"""Gunicorn's settings for Triptych; each line has its why. Command-line options (-w, -b) override them."""

import gc
import math
import os
import socket
import sys
import tempfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from web import metrics_folder

# prometheus_client reads it when it is imported
os.environ[metrics_folder.VARIABLE] = str(metrics_folder.of_this_process())

import app as _app  # noqa: F401  # so that workers share its pages (and HUP reads settings anew, not code)
from access.exposure import reachable
from cli.prepare import lacks_engine, make_ready
from config import Settings, SettingsError, read_once
from cores import usable_cores
from logs import logging_config
from models.engine_keeper import EngineKeeper
from models.engine_words import ADDRESS_VARIABLE
from models.engines import Device, require_gpu
from models.errors import ModelError
from models.registry import RELOAD_S
from web import deaths, metrics_files
from web.draining import Drain
from web.watchdog import Ending
from wiring import engine_keeper, has_engine_process, prepared_models, worker_count
from wiring_access import check_access
from wiring_jobs import check_jobs

try:
    settings, _same_settings = read_once(os.environ)
except SettingsError as error:
    raise SystemExit(str(error)) from None

_counts = Path(os.environ[metrics_folder.VARIABLE])

_SILENT_S = 30  # then one that says nothing is handed over all the same, and let go by its deadline

bind = f"{settings.host}:{settings.port}"
workers = worker_count(settings)  # one a core; they share the cores between them
# Sync, because that is balanced at every number of connections and CompiledModel holds the GIL (ADR 0002); with a door
# in front (ADR 0006).
worker_class = "web.worker.AdmittingWorker"
preload_app = False  # runtimes must not be forked: models are loaded in the worker
# Above the worst load (packing VGG16 in float32 on a busy core: 8 s), and above the watchdog of a request.
timeout = max(120, math.ceil(4 * settings.deadline_s), 2 * math.ceil(RELOAD_S) * has_engine_process(settings))
graceful_timeout = settings.grace_s
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108  # the heartbeat must not wait for a disk
sendfile = False  # it would bypass the time that a slow reader has (web/connection.py); our files are small
control_socket_disable = True  # a thread and a socket in the master that nothing of ours uses
limit_request_line = 2048  # our longest address is /v1/predict with three short fields
forwarded_allow_ips = ""  # nobody's X-Forwarded-... is believed here: TRUSTED_PROXIES counts them, in one place
loglevel = settings.log_level
logger_class = "web.access_log.AccessLogger"
logconfig_dict = logging_config(settings.log_level, access=settings.access_log, terminal=sys.stderr.isatty())


def on_starting(server: Any) -> None:
    """Before anything is forked: refuse what can't be served; warn where all may call; prepare what PREPARE says."""
    if settings.settings_file:
        server.log.info("Settings from %s, under those of the environment", settings.settings_file)
    try:
        check_access(settings)
        check_jobs(settings)
        if settings.device is Device.GPU:
            with tempfile.TemporaryDirectory() as folder:
                require_gpu(Path(folder) / "gpu.log")
    except (ModelError, SettingsError) as error:
        raise SystemExit(str(error)) from None
    _warn_where_all_may_call(server)
    make_ready(prepared_models(settings), settings, usable_cores())
    _decide_what_is_served()


def _decide_what_is_served() -> None:
    """For all workers: those that start after weights have come would else serve another default than the others."""
    prepared = prepared_models(settings)
    if prepared.is_pocket_needed():
        _same_settings["TRIPTYCH_MODELS"] = ",".join(prepared.names)
        _same_settings["TRIPTYCH_DEFAULT_MODEL"] = prepared.default(settings.fallback_model)


def _warn_where_all_may_call(server: Any) -> None:
    if not settings.has_auth and (open_at := reachable(server.cfg.address)):
        server.log.warning("Anyone who reaches %s may call: set API_KEYS_FILE or JWT_..., or HOST", open_at)


def when_ready(server: Any) -> None:
    """Listening, and nothing forked yet: only who speaks is let in; from here on SIGTERM is ours."""
    for listener in server.LISTENERS:
        if listener.sock.family in (socket.AF_INET, socket.AF_INET6):
            # A connection is handed over when its first byte has come: browsers open some that they may never use.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, _SILENT_S)
    server.triptych_drain = Drain(server, settings.drain_s)
    server.triptych_drain.install()
    server.triptych_engine = engine_keeper(settings, partial(_engine_ended, server))
    if server.triptych_engine:
        _keep_engine(server, server.triptych_engine)
    follow = server.handle_hup
    server.handle_hup = lambda: _can_be_followed(server) and follow()
    metrics_files.reserve(_counts, os.getpid())
    deaths.deaths(), deaths.engine_deaths()  # what the master itself counts is shown from the start


def _keep_engine(server: Any, engine: EngineKeeper) -> None:
    """Start the engine process, and look after it as often as after the workers."""
    engine.start(_same_settings)
    manage_workers = server.manage_workers

    def manage_all() -> None:
        engine.keep()
        manage_workers()

    server.manage_workers = manage_all


def _engine_ended(server: Any) -> None:
    deaths.engine_deaths().inc()
    metrics_files.bury(_counts, _alive(server))  # what it last had in its hands


def _can_be_followed(server: Any) -> bool:
    """On HUP, before anything is changed: say whether the service would go on with the settings as they are now."""
    try:
        wanted = read_once(os.environ)[0]
        _refuse_what_needs_a_start(wanted)
        check_access(wanted)
    except SettingsError as error:
        server.log.error("HUP is not followed, and all stays as it is: %s", error)
        return False
    return True


def _refuse_what_needs_a_start(wanted: Settings) -> None:
    """Raises: SettingsError: Gunicorn would close its listeners, a GPU be looked for, or a model be prepared."""
    if (wanted.host, wanted.port) != (settings.host, settings.port):
        raise SettingsError("another HOST or PORT needs a restart")
    if _of_the_engine(wanted) != _of_the_engine(settings):
        raise SettingsError("another ENGINE, DEVICE, MAX_BATCH or BATCH_WAIT_MS needs a restart")
    try:
        prepared = prepared_models(wanted)
        reason = lacks_engine(prepared, wanted)
        is_new = not {*wanted.models} - {*settings.models} <= {*prepared.available()} or prepared.incomplete()
    except (OSError, RuntimeError) as error:  # the latter: links in a circle
        raise SettingsError(f"CACHE_DIR={wanted.cache_dir}: {error}") from None
    if reason:
        raise SettingsError(reason)
    if is_new and wanted.prepare != "never":
        raise SettingsError(f"MODELS={','.join(wanted.models)}: not all are prepared (`models prepare` does it)")


def _of_the_engine(given: Settings) -> tuple[object, ...]:
    """Return what the engine process goes by, which outlives a HUP."""
    is_there = has_engine_process(given)
    return (is_there, is_there and (given.device, given.max_batch, given.batch_wait_ms))


def on_reload(server: Any) -> None:
    """HUP has read the settings anew."""
    server.triptych_drain.seconds = settings.drain_s
    _decide_what_is_served()
    if server.triptych_engine:
        server.triptych_engine.follow(_same_settings)
    _warn_where_all_may_call(server)


def post_fork(server: Any, worker: object) -> None:
    """In the worker, before it loads the application: settings are read once, by the master."""
    os.environ.update(_same_settings)
    os.environ["TRIPTYCH_WORKERS"] = str(server.cfg.workers)  # -w wins
    if server.triptych_engine:
        os.environ[ADDRESS_VARIABLE] = server.triptych_engine.address.hex()
        server.triptych_engine.forget()
    metrics_files.reserve(_counts, os.getpid())


def pre_fork(server: Any, worker: Any) -> None:
    """Share the phase; keep the garbage collector from writing to the pages that the workers share with us."""
    worker.phase = server.triptych_drain.phase
    metrics_files.bury(_counts, _alive(server))  # what a scrape kept from it when a worker died
    gc.freeze()


def post_worker_init(worker: Any) -> None:
    """In the worker, after the fork and before it accepts: load every model. One that fails is reported by /readyz."""
    extensions = worker.wsgi.extensions
    service = extensions["triptych"] = replace(extensions["triptych"], is_ending=worker.phase.is_ending)
    service.reloads.start()  # before it loads: what is asked for from now on concerns it
    service.start()


def child_exit(server: Any, worker: Any) -> None:
    """In the master, when a worker is gone: say and count why, and keep its counts without its files."""
    ending = worker.life.ending(2 * settings.deadline_s, was_silent=worker.aborted)
    if ending is not Ending.TOLD:
        told = "had not yet ended as told" if worker.life.was_told else "was not told to end"
        server.log.error("Worker (pid:%s) %s; it was %s", worker.pid, told, ending)
    deaths.count_death(ending)
    metrics_files.bury(_counts, _alive(server))


def _alive(server: Any) -> set[int]:
    engine = server.triptych_engine.pid if server.triptych_engine else None
    return {*server.WORKERS, os.getpid(), *([engine] if engine else [])}


def on_exit(server: Any) -> None:
    """In the master, at the end, when no worker is left."""
    if server.triptych_engine:
        server.triptych_engine.stop()
