"""Measures rows one after the other, and keeps each result at once."""

from collections.abc import Callable, Iterable, Sequence

from bench.figure import Result
from bench.fleet import Fleet
from bench.kept import Kept
from bench.probe import Bench
from bench.row import Row
from bench.services import RowFailed


def missing(rows: Iterable[Row], kept: Kept, *, fresh: bool) -> list[Row]:
    """Return the rows that are still to be measured."""
    return [row for row in rows if fresh or kept.get(row.slug) is None]


def measure(rows: Sequence[Row], bench: Bench, fleet: Fleet, kept: Kept, fail: Callable[[str], None]) -> list[Result]:
    """Measure *rows*; *fail* is told, in a line, of one that can't be.

    A server stops after the last row that needs it.
    """
    results = []
    for number, row in enumerate(rows):
        try:
            result = row.measure(bench)
            kept.put(result)
            results.append(result)
        except RowFailed as error:
            fail(f"{row.slug}: {error}")
        fleet.keep({subject for later in rows[number + 1 :] for subject in later.subjects})
    return results
