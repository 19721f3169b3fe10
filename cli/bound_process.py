"""python -m cli.bound_process PID ARGUMENTS...: become Python with ARGUMENTS, ended by the kernel when PID is gone.

For services that are started to be measured: whoever started them may be killed, or interrupted while it starts one.
"""

import os
import signal
import sys

from models.parent import end_with_parent


def bound(*module: str) -> list[str]:
    """Return the command of `python -m` with *module* and its arguments, which ends with the process that we are."""
    return [sys.executable, "-m", "cli.bound_process", str(os.getpid()), "-m", *module]


if __name__ == "__main__" and end_with_parent(int(sys.argv[1]), signal.SIGTERM):
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # noqa: S606  # becomes what it was asked for
