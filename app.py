"""Wires the service together. `gunicorn app:app`, `flask --app app models ...` and `python app.py` start here.

Importing this module does nothing; `app` is made when it is first asked for (PEP 562).
"""

import os
import sys
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from flask import Flask

from cli.models import models_cli
from config import Settings, SettingsError, load_settings
from cores import usable_cores
from models.classifier import UploadLimits
from models.cores import Cores
from models.engines import engine_maker, resolve_engine, resolve_precision
from models.machine import runtime_folder
from models.prepared import PreparedModels
from models.registry import Load, Registry
from models.store import Store
from preprocessing.decode import prepare_pillow
from web import metrics_folder
from web.metrics import Metrics
from web.observed import Observed
from web.request import MB
from web.routes import register_routes
from web.scrape import Scrape
from web.service import Service


def create_app(settings: Settings | None = None, load: Load | None = None) -> Flask:
    """Return the wired application; nothing is loaded until its service is started.

    *load* replaces how a model comes into memory (tests).  Raises: SettingsError.
    """
    settings = settings or load_settings()
    prepared = PreparedModels(Store(settings.cache_dir), settings.models, settings.weights)
    cores = cache(lambda: Cores(runtime_folder() / "cores", usable_cores(), settings.threads))  # late: makes a folder
    registry = Registry(settings.models, load or _loader(settings, prepared, cores))
    metrics = Metrics()
    app = Flask(__name__, static_folder=None)
    app.extensions["triptych"] = Service(
        registry=registry,
        default_model=settings.fallback_model,
        default_resize=settings.resize,
        max_upload_bytes=settings.max_upload_mb * MB,
        max_waiting=settings.max_waiting * usable_cores(),
        cors_origins=settings.cors_origins,
        start_process=partial(prepare_pillow, settings.max_pixels),
        metrics=metrics,
        scrape=Scrape(metrics.registry, metrics_folder.shared(), cores),
    )
    register_routes(app, settings.max_request_mb * MB, settings.cors_origins)
    app.wsgi_app = Observed(app.wsgi_app, metrics)  # type: ignore[method-assign]
    app.cli.add_command(models_cli(prepared, settings, usable_cores()))
    return app


def _loader(settings: Settings, prepared: PreparedModels, cores: Callable[[], Cores]) -> Load:
    engine = resolve_engine(settings.engine, settings.device)
    precision = resolve_precision(settings.precision, engine)
    make_engine = engine_maker(engine, settings.device, usable_cores(), settings.threads)
    limits = UploadLimits(settings.formats, settings.max_pixels)
    return lambda name: prepared.load(name, precision, make_engine, limits, cores())


@cache
def _default_app() -> Flask:
    try:
        return create_app()
    except SettingsError as error:
        raise SystemExit(str(error)) from None


def __getattr__(name: str) -> Flask:
    if name == "app":
        return _default_app()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


if __name__ == "__main__":
    for name in ("TRIPTYCH_WEIGHTS_DIR", "TRIPTYCH_CACHE_DIR", "TRIPTYCH_SETTINGS_FILE"):
        if folder := os.environ.get(name):  # as the caller means it, before we move
            os.environ[name] = str(Path(folder).expanduser().absolute())
    os.chdir(Path(__file__).parent)
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "app:app", *sys.argv[1:]])  # noqa: S606  # becomes the Gunicorn it names
