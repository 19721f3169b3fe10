"""What the views need, gathered by `create_app`; one per application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from models.registry import Registry
from preprocessing.spec import Resize
from web.metrics import Metrics
from web.scrape import Scrape


@dataclass(frozen=True, slots=True)
class Service:
    """The registry, the defaults and limits of a request. *start_process* prepares process-wide state before a load.

    *max_waiting*: connections that all workers together may leave waiting.
    """

    registry: Registry
    default_model: str
    default_resize: Resize
    max_upload_bytes: int
    max_waiting: int
    cors_origins: tuple[str, ...]
    start_process: Callable[[], None]
    metrics: Metrics
    scrape: Scrape

    def start(self) -> None:
        """Load every model; called in the worker, after the fork and before it accepts."""
        self.start_process()
        self.registry.start()
        self.metrics.models(self.registry.entries)


def current_service() -> Service:
    """Return the service of the application that handles this request."""
    return cast(Service, current_app.extensions["triptych"])
