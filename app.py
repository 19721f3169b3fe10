"""Wires the service together. `gunicorn app:app`, `flask --app app models ...` and `python app.py` start here.

Importing this module does nothing; `app` is made when it is first asked for (PEP 562).
"""

import os
import sys
from functools import cache, partial
from pathlib import Path

from flask import Flask

from cli.jobs import jobs_cli
from cli.keys import keys_cli
from cli.models import models_cli
from config import Settings, SettingsError, load_settings
from cores import usable_cores
from given import PREFIX
from models.registry import Load
from web.observed import Observed
from web.request import MB
from web.routes import register_routes
from wiring import loader, make_service, prepared_models
from wiring_access import access
from wiring_jobs import dead_letters, job_desk, run_job_worker

_PATHS = ("WEIGHTS_DIR", "CACHE_DIR", "SETTINGS_FILE", "API_KEYS_FILE", "JWT_JWKS_FILE")


def create_app(settings: Settings | None = None, load: Load | None = None) -> Flask:
    """Return the wired application; nothing is loaded until its service is started.

    *load* replaces how a model comes into memory (tests).  Raises: SettingsError.
    """
    settings = settings or load_settings()
    prepared, callers = prepared_models(settings), access(settings)
    app = Flask(__name__, static_folder=None)
    load = load or loader(settings, prepared)
    service = make_service(settings, prepared, load, callers, job_desk(settings))
    app.extensions["triptych"] = service
    register_routes(app, settings.max_request_mb * MB, callers)
    app.wsgi_app = Observed(app.wsgi_app, service.metrics)  # type: ignore[method-assign]
    app.cli.add_command(models_cli(prepared, settings, usable_cores(), load))
    app.cli.add_command(keys_cli(settings.api_keys_file))
    dead, work = partial(dead_letters, settings), partial(run_job_worker, settings, prepared, load)
    app.cli.add_command(jobs_cli(prepared, settings, usable_cores(), dead, work))
    return app


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
    for name in (PREFIX + each for each in _PATHS):
        if folder := os.environ.get(name):  # as the caller means it, before we move
            os.environ[name] = str(Path(folder).expanduser().absolute())
    os.chdir(Path(__file__).parent)
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", "app:app", *sys.argv[1:]])  # noqa: S606  # becomes the Gunicorn it names
