"""The row of the refusal: the CPU that the service spends on a request it turns away, body and all."""

import os
import signal
import time
from dataclasses import dataclass, replace
from threading import Thread

from bench.figure import Figure, Result
from bench.pictures import USUAL
from bench.probe import Bench
from bench.services import RowFailed, Running, running
from bench.subject import Subject, ours
from bench.tree import cpu_s, tree
from cli.load.exchange import Request
from cli.load.loops import closed_loop, open_loop
from cli.load.tally import Tally

_CALLERS = 800  # below the usual limit of 1,024 open files
_ARRIVE_S = 3  # for all of them to stand in the kernel's queue; those that come later are refused as well


@dataclass(frozen=True, slots=True)
class Refusal:
    """One worker, letting one wait a core, is stopped while hundreds call, then goes on: it refuses nearly all."""

    slug: str = "refusal"
    title: str = "CPU of a refusal, 176 KB sent with it"
    subjects: frozenset[Subject] = frozenset()

    def runs(self, pairs: int) -> int:
        """Return how many steps `measure` tells of."""
        return 1

    def measure(self, bench: Bench) -> Result:
        """Measure what an answer costs, then what a crowd of refusals costs beyond its answers.  Raises: RowFailed."""
        bench.step(self.title)
        usual = ours(workers=1)
        subject = replace(usual, environ=(*usual.environ, ("TRIPTYCH_MAX_WAITING", "1")))
        with running(subject) as server:
            request = Request.upload(server.url, USUAL.path.read_bytes())
            before = cpu_s(server.pid)
            answers = len(closed_loop(request, 1, 2 * bench.seconds, ramp_s=0).ok)
            each_s = (cpu_s(server.pid) - before) / answers
            before = cpu_s(server.pid)
            tally = _crowd(server, request)
            used_s = cpu_s(server.pid) - before
        if not tally.refused:
            raise RowFailed(f"nobody was refused: {tally.failed} of {tally.total} failed")
        cost_ms = (used_s - len(tally.ok) * each_s) / len(tally.refused) * 1e3
        figures = (Figure(self.title, cost_ms, cost_ms, cost_ms, "ms"),)
        raw = {
            "answered": [float(len(tally.ok))],
            "refused": [float(len(tally.refused))],
            "failed": [float(tally.failed)],
            "CPU s": [used_s, each_s],
        }
        return Result(self.slug, figures, raw, {subject.name: subject.configuration})


def _crowd(server: Running, request: Request) -> Tally:
    workers = tree(server.pid)[1:]
    for worker in workers:
        os.kill(worker, signal.SIGSTOP)
    found: list[Tally] = []
    callers = Thread(target=lambda: found.append(open_loop(request, [0.0] * _CALLERS, seconds=_ARRIVE_S)))
    callers.start()
    time.sleep(_ARRIVE_S)
    for worker in workers:
        os.kill(worker, signal.SIGCONT)
    callers.join()
    return found[0]
