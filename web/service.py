"""What the views need, gathered by `create_app`; one per application."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from flask import current_app

from models.registry import Load, Registry
from models.reload import Reloads
from models.road import Road
from models.shadow import Shadow
from web.admission import Admission
from web.job_desk import JobDesk
from web.metrics import Metrics
from web.pace import Pace
from web.question import Asker
from web.scrape import Scrape
from web.uploads import UploadReader


@dataclass(frozen=True, slots=True)
class Accepts:
    """What a caller may send, and how it is taken. *credentials*: headers of which one is needed; none: anyone may ask.

    *resize*: what a request that names none gets. *deadline_s*: within which it is answered, from when it began to wait
    for a worker; a worker that takes twice as long is ended.
    """

    formats: tuple[str, ...]
    max_upload_mb: int
    max_pixels: int
    credentials: tuple[str, ...]
    resize: str
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Service:
    """*start_process* prepares process-wide state before a load. *reloads* brings newer models in. *road* is
    made when first needed: it makes a folder. *reload_s*: that a load may take besides what is usual.

    *self_test_s*: between two known answers of a model. *has_keys*: whether credentials can be judged. *jobs*: None:
    there are none. *is_ending*: whether the service was told to stop.
    """

    registry: Registry
    load: Load
    road: Callable[[], Road]
    reader: UploadReader
    asker: Asker
    accepts: Accepts
    admission: Admission
    cors_origins: tuple[str, ...]
    start_process: Callable[[], None]
    reloads: Reloads
    reload_s: float
    self_test_s: float
    metrics: Metrics
    scrape: Scrape
    jobs: JobDesk | None = None
    shadow: Shadow | None = None
    has_keys: Callable[[], bool] = lambda: True
    pace: Pace = field(default_factory=Pace)
    is_ending: Callable[[], bool] = lambda: False

    @property
    def deadline_s(self) -> float:
        """Return what callers are told of it."""
        return self.accepts.deadline_s

    def start(self) -> None:
        """Load every model; called in the worker, after the fork and before it accepts."""
        self.start_process()
        self.registry.start()
        if self.shadow:
            self.shadow.start(self.load, self.registry)
        self.metrics.models(self.registry.entries)


def current_service() -> Service:
    """Return the service of the application that handles this request."""
    return cast(Service, current_app.extensions["triptych"])
