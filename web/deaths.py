"""Why workers ended, counted by their master, who alone outlives them.

Gunicorn tells its hooks of an end, not how it came. So a worker that can leaves a word; one that was killed leaves
none.
"""

import sys
from functools import cache
from pathlib import Path
from typing import Literal, get_args

from prometheus_client import Counter

# ended: told to. failed: an exception. hung: the watchdog. timeout: no heartbeat. killed: a signal (out of memory?).
Reason = Literal["ended", "failed", "hung", "timeout", "killed"]


def leave_word(folder: Path, pid: int, reason: Reason) -> None:
    """Say, as worker *pid* and before it ends, why it does; the first word counts."""
    word = _word(folder, pid)
    if not word.exists():
        word.write_text(reason, encoding="ascii")


def reason_of_this_end() -> Reason:
    """Return how this worker ends; asked inside the `finally` that every end but a kill comes through."""
    error = sys.exc_info()[1]
    return "ended" if error is None or (isinstance(error, SystemExit) and not error.code) else "failed"


def count_death(folder: Path, pid: int, *, aborted: bool) -> None:
    """Count the end of worker *pid*; *aborted*: its master had to, for want of a heartbeat."""
    word = _word(folder, pid)
    said = word.read_text(encoding="ascii") if word.exists() else ""
    word.unlink(missing_ok=True)
    reason = said if said in get_args(Reason) else "killed"
    deaths().labels("timeout" if aborted and reason != "hung" else reason).inc()


@cache
def deaths() -> Counter:
    """Return the master's counter; every reason is there from the start, so that the first one shows as a rise."""
    made = Counter("triptych_worker_deaths", "Workers that ended, by reason", ["reason"], registry=None)
    for reason in get_args(Reason):
        made.labels(reason)
    return made


def _word(folder: Path, pid: int) -> Path:
    return folder / f"word_{pid}"
