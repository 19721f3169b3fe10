"""What `models tune` prints."""

from collections.abc import Sequence

from cli.tuning.candidate import Candidate
from cli.tuning.frontier import Good, frontier, meeting
from cli.tuning.trial import Trial

_HEAD = "   workers  threads  precision      req/s  connections   p99 ms  lone p50 ms"


def table(trials: Sequence[Trial], p99_ms: float, chosen: Candidate | None, default: Candidate) -> str:
    """Return a line a candidate, the best first. `*`: on the frontier; `>`: chosen; last those that miss the target."""
    found = sorted(meeting(trials, p99_ms), key=lambda good: -good.point.rate)
    best = frontier(found)
    lines = [_HEAD]
    for good in found:
        candidate = good.trial.candidate
        marks = f"{'>' if candidate == chosen else ' '}{'*' if candidate in best else ' '}"
        lines.append(f"{marks} {_row(good)}{'  (default)' if candidate == default else ''}")
    lines += [f"   {_left(trial.candidate)}  {_miss(trial)}" for trial in trials if trial.best(p99_ms) is None]
    return "\n".join(lines)


def nearest(trials: Sequence[Trial]) -> str:
    """Return a line about the trial that comes nearest to a target that none meets."""
    tried = [(point, trial) for trial in trials if (point := trial.nearest)]
    if not tried:
        return "No service started."
    point, trial = min(tried, key=lambda each: (each[0].failed > 0, each[0].p99_ms))
    return f"Nearest: {trial.candidate}: p99 {point.p99_ms:.1f} ms at {point.connections} connections."


def _row(good: Good) -> str:
    point, lone_ms = good.point, good.trial.lone_ms
    left = _left(good.trial.candidate)
    return f"{left}  {point.rate:7.1f}  {point.connections:11}  {point.p99_ms:7.1f}  {lone_ms:11.1f}"


def _left(candidate: Candidate) -> str:
    return f"{candidate.workers:7}  {candidate.threads:7}  {candidate.precision:<11}"


def _miss(trial: Trial) -> str:
    if (point := trial.nearest) is None:
        return trial.problem.splitlines()[-1]
    if point.failed:
        return f"{point.failed} requests failed at {point.connections} connections"
    return f"misses the target: p99 {point.p99_ms:.1f} ms at {point.connections} connections"
