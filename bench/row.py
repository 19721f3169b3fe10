"""What every row can do."""

from typing import Protocol

from bench.figure import Result
from bench.probe import Bench
from bench.subject import Subject


class Row(Protocol):
    """One row of the table; *slug* names it in files and on the command line."""

    @property
    def slug(self) -> str:
        """Its short name."""

    @property
    def title(self) -> str:
        """Its name in the table."""

    @property
    def subjects(self) -> frozenset[Subject]:
        """The servers that it needs from the fleet."""

    def runs(self, pairs: int) -> int:
        """Return how many steps `measure` tells of."""

    def measure(self, bench: Bench) -> Result:
        """Measure it.  Raises: RowFailed."""
