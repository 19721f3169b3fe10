"""Processes that must not outlive the one that started them. Imports the standard library only."""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1  # prctl(2); holds across execve


def end_with_parent(parent: int, how: signal.Signals = signal.SIGKILL) -> bool:
    """Have the kernel send this process the signal *how* when its parent is gone.

    Return whether *parent* is still its parent; else that one was gone before the kernel was told.
    """
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, how)
    return os.getppid() == parent
