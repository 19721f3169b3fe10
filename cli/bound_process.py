"""python -m cli.bound_process PID ARGUMENTS...: become Python with ARGUMENTS, ended by the kernel when PID is gone.

For services that are started to be measured: whoever started them may be killed, or interrupted while it starts one.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2); holds across execve

if __name__ == "__main__":
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == int(sys.argv[1]):  # else it was gone before the kernel was told
        os.execv(sys.executable, [sys.executable, *sys.argv[2:]])  # noqa: S606  # becomes what it was asked for
