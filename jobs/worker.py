"""A job worker: Celery's, whose processes load the models after their start. Its parent also reaps."""

import ctypes
import signal
from collections.abc import Callable
from typing import Any

from celery import Celery, bootsteps, signals

from jobs.job import Chunk
from jobs.ledger import Publish
from jobs.messages import TASK
from jobs.reaper import PAUSE_S, Reaper
from jobs.work import After, Work
from models.self_test import SelfTests

Start = Callable[[], tuple[Work, SelfTests]]

_PR_SET_PDEATHSIG = 1  # prctl(2)


class WorkerProcess:
    """One of the processes that do the work. *start* loads what it needs, in the process itself."""

    def __init__(self, publish: Publish, start: Start) -> None:
        self._publish = publish
        self._start = start
        self._loaded: tuple[Work, SelfTests] | None = None

    def begin(self, **_: object) -> None:
        """Load the models; called by Celery in a process that it has just forked."""
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)  # else it would outlive a parent that is killed
        self._loaded = self._start()

    def do(self, chunk: Chunk, holder: str) -> None:
        """Do what one message says."""
        if self._loaded is None:  # Celery only logs what `begin` raises; the reaper gives the chunk to another
            raise RuntimeError("this process could not start")
        work, self_tests = self._loaded
        if not self_tests.due_in_s():
            self_tests.run_next()
        if work.do(chunk, holder) is After.SEND_AGAIN:
            self._publish([chunk])


def run_worker(app: Celery, reaper: Reaper, process: WorkerProcess, processes: int) -> int:
    """Serve until told to stop; return the exit status. SIGTERM: when each process has let go of its chunk."""

    @app.task(name=TASK, bind=True)  # type: ignore[untyped-decorator]  # Celery is not typed
    def chunk(task: Any, job_id: str, number: int) -> None:
        process.do(Chunk(job_id, number), task.request.id)

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
    return int(worker.exitcode or 0)


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
