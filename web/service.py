"""What the views need, gathered by `create_app`; one per application."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flask import current_app

from models.registry import Registry
from preprocessing.spec import Resize


@dataclass(frozen=True, slots=True)
class Service:
    """The registry, the defaults and limits of a request. *start_process* prepares process-wide state before a load.

    *max_waiting*: connections that all workers together may leave waiting. *deadline_s*: of a request; a worker that
    takes twice as long is ended. *self_test_s*: between two known answers of a model. *is_ending*: whether the service
    was told to stop. *on_self_test*: is told a model's name and whether it passed (the metrics' hook).
    """

    registry: Registry
    default_model: str
    default_resize: Resize
    max_upload_bytes: int
    max_waiting: int
    cors_origins: tuple[str, ...]
    start_process: Callable[[], None]
    deadline_s: float
    self_test_s: float
    is_ending: Callable[[], bool] = lambda: False
    on_self_test: Callable[[str, bool], None] = lambda name, passed: None

    def start(self) -> None:
        """Load every model; called in the worker, after the fork and before it accepts."""
        self.start_process()
        self.registry.start()


def current_service() -> Service:
    """Return the service of the application that handles this request."""
    return cast(Service, current_app.extensions["triptych"])
