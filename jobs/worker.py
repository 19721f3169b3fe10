"""A job worker: Celery's, whose processes load the models after their start. Its parent also reaps."""

import logging
import mmap
import os
import signal
from collections.abc import Callable
from typing import Any, NamedTuple

from celery import Celery, bootsteps, signals

from jobs.job import Chunk
from jobs.ledger import Publish
from jobs.messages import TASK
from jobs.reaper import PAUSE_S, Reaper
from jobs.work import Work
from models.parent import end_with_parent
from models.reload import Reloads
from models.self_test import SelfTests

log = logging.getLogger(__name__)


class Started(NamedTuple):
    """What a process has loaded. *is_sound*: whether each model came into memory, and gave its last known answer."""

    work: Work
    self_tests: SelfTests
    reloads: Reloads
    is_sound: Callable[[], bool]


class WorkerProcess:
    """One of the processes that do the work. *start* loads what it needs, in the process itself.

    One that is not sound ends its whole worker, so as not to take work from others; a supervisor starts it anew.
    """

    def __init__(
        self, publish: Publish, start: Callable[[], Started], end: Callable[[int, int], object] = os.kill
    ) -> None:
        self._publish = publish
        self._start = start
        self._end = end
        self._loaded: Started | None = None
        self._parent = os.getpid()
        self._flag = mmap.mmap(-1, 1)  # shared with every process that is forked

    @property
    def has_failed(self) -> bool:
        """Say whether one of the processes was not sound."""
        return bool(self._flag[0])

    def begin(self, **_: object) -> None:
        """Load the models; called by Celery in a process that it has just forked."""
        if not end_with_parent(self._parent):  # that would be outlived, were it killed
            os._exit(1)
        self._loaded = self._start()
        if not self._loaded.is_sound():
            self._give_up()

    def do(self, chunk: Chunk, holder: str) -> None:
        """Do what one message says."""
        if self._loaded is None or not self._is_sound(self._loaded):  # Celery only logs what `begin` raises
            self._publish([chunk])
            self._give_up()
            return
        ended = self._loaded.work.do(chunk, holder)
        if ended.again:
            self._publish([ended.again])
        if ended.is_broken:
            self._give_up()

    def _is_sound(self, loaded: Started) -> bool:
        while loaded.reloads.due():
            loaded.reloads.run()
        if not loaded.self_tests.due_in_s():
            loaded.self_tests.run_next()
        return loaded.is_sound()

    def _give_up(self) -> None:
        if not self.has_failed:
            log.critical("this worker ends: it can't answer as it should, and would take work from those that can")
        self._flag[0] = 1
        self._end(self._parent, signal.SIGTERM)


def run_worker(app: Celery, reaper: Reaper, process: WorkerProcess, processes: int) -> int:
    """Serve until told to stop; return the exit status. SIGTERM: when each process has let go of its chunk."""

    @app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator]  # Celery is not typed
    def chunk(task: Any, *message: Any) -> None:
        process.do(Chunk(*message), task.request.id)

    signals.worker_process_init.connect(process.begin, weak=False)
    signals.setup_logging.connect(_leave_logging, weak=False)
    app.steps["worker"].add(_reaping(reaper))
    worker = app.Worker(
        pool="prefork",
        concurrency=processes,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or process.has_failed)


def _leave_logging(**_: object) -> None:
    """Keep Celery from setting up the log: that it is asked at all is what it looks at."""


def _reaping(reaper: Reaper) -> type[bootsteps.StartStopStep]:
    class Reaping(bootsteps.StartStopStep):  # type: ignore[misc]
        """A pass now and then, in the parent's own loop: no thread is there when it forks."""

        requires = ("celery.worker.components:Timer",)

        def __init__(self, parent: Any, **_: object) -> None:
            self._entry: Any = None

        def start(self, parent: Any) -> None:
            self._entry = parent.timer.call_repeatedly(PAUSE_S, reaper.run_once)

        def stop(self, parent: Any) -> None:
            self._entry.cancel()

    return Reaping
