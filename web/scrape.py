"""What a scrape sees: the counts of all workers, living and dead, and the present. What can't be read is left out."""

import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from jobs.errors import StoreUnreachable
from models.cores import Cores
from models.errors import ModelError
from web.job_metrics import job_metrics
from web.metrics_files import UNREADABLE, reading

if TYPE_CHECKING:
    from jobs.figures import Figures

log = logging.getLogger(__name__)


class Scrape:
    """*own* where this process counts for itself, else the files in *folder*; and the present."""

    def __init__(
        self,
        own: CollectorRegistry,
        folder: Path | None,
        cores: Callable[[], Cores],
        jobs: "Callable[[], Figures] | None" = None,
    ) -> None:
        self._counts: Collector = _Files(folder, own) if folder else own
        self._present = _Present(cores)
        self._jobs = _Jobs(jobs) if jobs else None

    def watch(self, waiting: Callable[[], int]) -> None:
        """Let it tell how many connections are *waiting* to be accepted."""
        self._present.waiting = waiting

    def registry(self) -> CollectorRegistry:
        """Return one for one scrape."""
        made = CollectorRegistry()
        made.register(self._counts)
        made.register(self._present)
        if self._jobs:
            made.register(self._jobs)
        return made


class _Files(Collector):
    """The files of every process, added up. One that can't be read is left out, counted and named in the log."""

    def __init__(self, folder: Path, own: CollectorRegistry) -> None:
        self._folder = folder
        self._unreadable = Counter("triptych_metrics_unreadable_files", "Left out of a scrape", registry=own)

    def collect(self) -> Iterable[Metric]:
        """Return every metric."""
        try:
            with reading(self._folder) as files:
                return self._merged(files)
        except OSError as error:
            self._note("the metrics folder", error)
            return []

    def _merged(self, files: list[str]) -> Iterable[Metric]:
        merged: Iterable[Metric]
        try:
            merged = MultiProcessCollector.merge(files)
        except UNREADABLE:
            merged = MultiProcessCollector.merge([file for file in files if self._is_readable(file)])
        return merged

    def _is_readable(self, file: str) -> bool:
        try:
            MultiProcessCollector.merge([file])
        except UNREADABLE as error:
            self._note(Path(file).name, error)
            return False
        return True

    def _note(self, what: str, error: BaseException) -> None:
        self._unreadable.inc()
        log.error("a scrape could not read %s: %s", what, error)


class _Present(Collector):
    """What is no count: asked for at each scrape."""

    def __init__(self, cores: Callable[[], Cores]) -> None:
        self._cores = cores
        self.waiting: Callable[[], int] | None = None

    def collect(self) -> Iterable[Metric]:
        """Return what can be told."""
        if self.waiting is not None:
            text = "Not yet accepted by any worker"
            yield GaugeMetricFamily("triptych_waiting_connections", text, self.waiting())
        try:
            cores = self._cores()
            used = cores.in_use()
        except (OSError, ModelError) as error:
            log.error("a scrape could not see the cores: %s", error)
            return
        yield GaugeMetricFamily("triptych_cores", "That inferences share", cores.count)
        yield GaugeMetricFamily("triptych_cores_in_use", "Held by a request", used)


class _Jobs(Collector):
    """The ledger's numbers, asked for at each scrape: of all hosts, whichever is asked."""

    def __init__(self, figures: "Callable[[], Figures]") -> None:
        self._figures = figures

    def collect(self) -> Iterable[Metric]:
        """Return them, or only that they can't be had."""
        try:
            return job_metrics(self._figures())
        except StoreUnreachable as error:
            log.error("a scrape could not reach the store of jobs: %s", error.__cause__)
            return job_metrics(None)
