"""What is counted and timed. Every label has few values, and none comes from a caller.

Under Gunicorn prometheus_client keeps the values in files that all workers share (web/metrics_folder.py); gauges are of
the workers that live.
"""

import time
from collections.abc import Mapping
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from models.registry import Entry, ModelState
from models.shadow import Sight
from web.build import build_facts
from web.record import Record

# OpenTelemetry's list, denser where our answers lie; an objective that is alerted on must be one of these edges.
BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2.5, 5, 10)
UNMATCHED = "unmatched"  # the route of what has none
OfWorkers = Literal["livemin", "livemax", "livesum"]
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
# As routes, and as a caller may write them.
PREDICT_PATHS = ("/predict", "/v1/predict")
JOB_PATHS = ("/jobs", "/v1/jobs")


class Metrics:
    """Of one process; registered in *registry*."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter("http_requests", "Requests, by status", "method", "route", "code")
        self._request_s = self._histogram("http_request_duration_seconds", "From parsed to answered", "route")
        self._unparsed = self._counter(
            "http_requests_unparsed", "Requests that Gunicorn refused or failed on by itself"
        )
        self._in_flight = self._gauge("http_requests_in_flight", "Being answered now", of_workers="livesum")
        self._rejected = self._counter(
            "triptych_inference_rejected", "Requests for /predict not answered, by the problem's code", "reason"
        )
        self._images = self._counter("triptych_images", "Images decoded", "format")
        self._failed = self._counter(
            "triptych_images_failed", "Images not answered, also in an answer for several, by their code", "reason"
        )
        self._predictions = self._counter("triptych_predictions", "Images that a model answered for", "model")
        self._decode_s = self._histogram("triptych_image_decode_duration_seconds", "Decoding one image")
        self._queue_s = self._histogram(
            "triptych_inference_queue_wait_seconds", "For a worker, cores and slots, a request"
        )
        self._inference_s = self._histogram(
            "triptych_inference_duration_seconds", "One image, one model", "model", "precision"
        )
        self._loaded = self._gauge("triptych_model_loaded", "1: every worker has it", "model")
        facts, text = (
            ("model", "version", "precision", "weights"),
            "1: a worker serves it; 0: was served, until a reload",
        )
        self._facts = self._gauge("triptych_model_info", text, *facts, of_workers="livemax")
        self._shadowed = self._counter(
            "triptych_shadow_images",
            "Shown to SHADOW_MODEL after the answer, by what became of them",
            "model",
            "version",
            "outcome",
        )
        self._shadow_s = self._histogram(
            "triptych_shadow_inference_duration_seconds", "One image, by SHADOW_MODEL", "model"
        )
        self._self_test_ok = self._gauge("triptych_self_test_ok", "1: known answers came out in every worker", "model")
        self._self_test_at = self._gauge("triptych_self_test_timestamp_seconds", "Of the oldest last one", "model")
        build = build_facts()
        self._gauge("triptych_build_info", "Always 1", *build).labels(*build.values()).set(1)
        self._rejected.labels("overloaded")  # there from the start, so that the first one shows as a rise
        self._precisions: dict[str, str] = {}
        self._told: dict[str, tuple[str, str, str, str]] = {}  # what `_facts` says of each model

    def begins(self) -> None:
        """Count a request in."""
        self._in_flight.inc()

    def ends(self, method: str, status: int, took_s: float, record: Record) -> None:
        """Count it out, and all that its *record* tells."""
        self._in_flight.dec()
        if method != "OPTIONS":  # a browser's question before its request: quick ones would hide how slow those are
            self._request_s.labels(record.route or UNMATCHED).observe(took_s)
        self.answered(method, record.route, status, record.code)
        self._images_end(record)
        if record.queue_s is not None:
            self._queue_s.observe(record.queue_s)
        for model, each in record.inference_s.items():
            self._predictions.labels(model).inc(len(each))
            timed = self._inference_s.labels(model, self._precisions.get(model, ""))
            for seconds in each:
                timed.observe(seconds)

    def answered(self, method: str, route: str, status: int, code: str) -> None:
        """Count one answer; *code* of its problem, where it is one."""
        self._requests.labels(method if method in _METHODS else "OTHER", route or UNMATCHED, str(status)).inc()
        if code and route in PREDICT_PATHS:
            self._rejected.labels(code).inc()

    def unparsed(self) -> None:
        """Count what never became a request of ours."""
        self._unparsed.inc()

    def models(self, entries: Mapping[str, Entry]) -> None:
        """Show what was loaded, now or anew: known answers are asked for then too."""
        for name, entry in entries.items():
            model = entry.model
            self._loaded.labels(name).set(model is not None)
            if model is not None:
                self._precisions[name] = model.precision.value
                facts = (name, model.version, model.precision.value, model.weights.value)
                if (before := self._told.get(name, facts)) != facts:
                    self._facts.labels(*before).set(0)
                self._facts.labels(*facts).set(1)
                self._told[name] = facts
            if entry.state in (ModelState.READY, ModelState.FAILED):
                self.self_tested(name, entry.state is ModelState.READY)

    def self_tested(self, model: str, passed: bool) -> None:
        """Show that *model* was asked for its known answers just now, and whether it gave them."""
        self._self_test_ok.labels(model).set(passed)
        self._self_test_at.labels(model).set(time.time())

    def shadowed(self, model: str, version: str, sight: Sight, took_s: float) -> None:
        """Count one image that was chosen for the candidate *model*."""
        self._shadowed.labels(model, version, sight.value).inc()
        if took_s:
            self._shadow_s.labels(model).observe(took_s)

    def _images_end(self, record: Record) -> None:
        for name in record.formats:
            self._images.labels(name).inc()
        for seconds in record.decode_s:
            self._decode_s.observe(seconds)
        for code in record.image_codes:
            self._failed.labels(code).inc()

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, *labels: str) -> Histogram:
        return Histogram(name, text, labels, registry=self.registry, buckets=BUCKETS_S)

    def _gauge(self, name: str, text: str, *labels: str, of_workers: OfWorkers = "livemin") -> Gauge:
        """Return one of which the least, the most or the sum of all living workers is shown."""
        return Gauge(name, text, labels, registry=self.registry, multiprocess_mode=of_workers)
