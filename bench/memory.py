"""The row of the memory: three networks in one service, every worker having served each of them."""

from dataclasses import dataclass

from bench.figure import Figure, Result
from bench.pictures import USUAL
from bench.probe import Bench
from bench.services import running
from bench.subject import ALL_NETWORKS, Subject, ours
from bench.tree import pss_mb
from cli.load.exchange import Request
from cli.load.loops import closed_loop


@dataclass(frozen=True, slots=True)
class Memory:
    """The PSS of the process tree with *workers* is to be at most *goal_mb*."""

    workers: int
    goal_mb: float
    subjects: frozenset[Subject] = frozenset()  # a fresh service of its own: used ones have grown

    @property
    def slug(self) -> str:
        """Its name in file names."""
        return f"memory-{self.workers}-workers"

    @property
    def title(self) -> str:
        """Its name in the table."""
        return f"PSS of the process tree, three networks int8, {self.workers} workers"

    def runs(self, pairs: int) -> int:  # memory is not noisy: once is enough
        """Return how many steps `measure` tells of."""
        return 1

    def measure(self, bench: Bench) -> Result:
        """Start, call every network from every worker, look.  Raises: RowFailed."""
        bench.step(self.title)
        subject = ours(networks=ALL_NETWORKS, workers=self.workers)
        with running(subject) as server:
            for network in ALL_NETWORKS.split(","):
                request = Request.upload(server.url, USUAL.path.read_bytes(), model=network)
                closed_loop(request, 2 * self.workers, seconds=1, ramp_s=0)
            found = pss_mb(server.pid)
        figure = Figure(self.title, found, found, found, "MB", self.goal_mb, at_most=True)
        return Result(self.slug, (figure,), {self.title: [found]}, {subject.name: subject.configuration})
