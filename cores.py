"""How many CPU cores this process may really use."""

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # cgroup v2: "<quota us> <period us>" or "max <period us>"


def usable_cores(quota_file: Path = _QUOTA) -> int:
    """Return the cores of our affinity mask, or fewer where a container's CPU quota allows fewer; at least 1."""
    cores = len(os.sched_getaffinity(0))
    try:
        quota, period = quota_file.read_text(encoding="ascii").split()
    except (OSError, ValueError):
        return cores
    return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
