"""What became of the requests of one run of load. Imports the standard library only."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Tally:
    """What one run showed: times in seconds, counts of requests.

    *ok* and *refused* (503 with Retry-After) hold a latency an answer, *ok_at* when each of *ok* ended, counted from
    the window's start. *others* is any other answer by status, *cpu_s* what the generator itself used.
    """

    seconds: float
    ok: list[float] = field(default_factory=list)
    ok_at: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    refused_without: int = 0
    others: Counter[int] = field(default_factory=Counter)
    resets: int = 0
    timeouts: int = 0
    cpu_s: float = 0.0

    def rate(self, start: float = 0.0, end: float | None = None) -> float:
        """Return the good answers a second that ended in this part of the window; in all of it by default."""
        end = self.seconds if end is None else end
        return sum(start <= at < end for at in self.ok_at) / (end - start)

    @property
    def failed(self) -> int:
        """How many requests got neither a good answer nor a refusal with Retry-After."""
        return self.refused_without + self.others.total() + self.resets + self.timeouts

    @property
    def total(self) -> int:
        """How many requests were counted."""
        return len(self.ok) + len(self.refused) + self.failed
