"""A process and all its descendants: their memory and the CPU time that they used."""

import os
from pathlib import Path


def tree(pid: int) -> list[int]:
    """Return *pid* and its living descendants."""
    found = [pid]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):  # of each of its threads
            try:
                found += [int(child) for child in children.read_text(encoding="ascii").split()]
            except OSError:  # it has ended meanwhile
                continue
    return found


def pss_mb(pid: int) -> float:
    """Return the proportional set size of the tree in MB of 2^20 bytes: a shared page counts once."""
    return sum(_pss_kb(each) for each in tree(pid)) / 1024


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that the tree has used, ended children included."""
    return sum(_ticks(each) for each in tree(pid)) / os.sysconf("SC_CLK_TCK")


def _pss_kb(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def _ticks(pid: int) -> int:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    # proc(5): fields 14 to 17 are utime, stime, cutime, cstime; the name in field 2 may contain spaces.
    return sum(int(part) for part in stat.rpartition(")")[2].split()[11:15])
