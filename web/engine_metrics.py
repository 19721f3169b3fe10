"""What the engine process counts, in the files that it shares with its workers."""

import logging
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from models.hosted import Run
from web.metrics import BUCKETS_S

log = logging.getLogger(__name__)

_SIZES = (1, 2, 4, 8, 16, 32, 64)
_MEMORY_EVERY_S = 1.0


class EngineMetrics:
    """Of one engine process. *memory* returns a device's bytes by what they are; it is asked once a second at most."""

    def __init__(self, memory: Callable[[], dict[str, int]]) -> None:
        self._memory, self._look_at = memory, 0.0
        self.registry = registry = CollectorRegistry()
        text = "Images that ran together"
        self._images = Histogram("triptych_batch_images", text, ["model"], registry=registry, buckets=_SIZES)
        text = "Black ones, to fill a bucket"
        self._padding = Counter("triptych_batch_padding_images", text, ["model"], registry=registry)
        name, labels = "triptych_batch_duration_seconds", ["model", "part"]
        self._seconds = Histogram(name, "Of one batch, by part", labels, registry=registry, buckets=BUCKETS_S)
        self._largest = self._gauge(registry, "triptych_batch_largest", "Images that may run together", "model")
        self._waiting = self._gauge(registry, "triptych_batch_waiting_images", "Not yet in a batch", "model")
        self._slots = self._gauge(registry, "triptych_ring_slots", "For images on their way to the engine", "state")
        self._bytes = self._gauge(registry, "triptych_device_memory_bytes", "Of the engine's device", "kind")

    def ran(self, run: Run) -> None:
        """Count one batch."""
        self._images.labels(run.model).observe(run.images)
        self._padding.labels(run.model).inc(run.bucket - run.images)
        self._seconds.labels(run.model, "copy").observe(run.copied_s)
        self._seconds.labels(run.model, "compute").observe(run.computed_s)
        self._largest.labels(run.model).set(run.largest)
        self._waiting.labels(run.model).set(run.waiting)
        now = time.monotonic()
        if now >= self._look_at:
            self._look_at = now + _MEMORY_EVERY_S
            self._look()

    def _look(self) -> None:
        try:
            for kind, count in self._memory().items():
                self._bytes.labels(kind).set(count)
        except (RuntimeError, ValueError, KeyError) as error:  # a driver that does not tell spoils no answer
            log.warning("the device does not tell of its memory: %s", error)

    def rings(self, slots: int, used: int) -> None:
        """Show the slots of all workers' rings, and those that hold an image."""
        self._slots.labels("all").set(slots)
        self._slots.labels("used").set(used)

    @staticmethod
    def _gauge(registry: CollectorRegistry, name: str, text: str, label: str) -> Gauge:
        return Gauge(name, text, [label], registry=registry, multiprocess_mode="livesum")
