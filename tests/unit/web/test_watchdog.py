"""A process that hangs is ended, whoever holds the GIL; one that does not is left alone."""

import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT
from web.watchdog import Ending, Life, Watchdog

SCRIPT = """
import ctypes, signal, time
from web.watchdog import Life, Watchdog
signal.signal(signal.SIGALRM, lambda *_: None)  # as a worker inherits it from the master
watchdog = Watchdog({limit_s}, Life())
watchdog.start()
def question():
    with watchdog:
        {work}
for _ in range(3):
    question()
time.sleep({idle_s})
"""


def run(work: str, limit_s: float = 0.3, idle_s: float = 0.0) -> "subprocess.CompletedProcess[str]":
    script = SCRIPT.format(work=work, limit_s=limit_s, idle_s=idle_s)
    return subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("work", ["time.sleep(60)", "ctypes.PyDLL(None).sleep(60)", "while True: pass"])
def test_a_process_that_hangs_is_ended_and_says_where_it_hung(work: str) -> None:
    done = run(work)
    assert done.returncode == -signal.SIGALRM
    assert "in question" in done.stderr


def test_the_time_between_requests_does_not_count() -> None:
    done = run("time.sleep(0.01)", limit_s=0.5, idle_s=1.0)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("busy_for_s", "is_over", "was_silent", "ending"),
    [
        (None, True, False, Ending.TOLD),
        (None, False, False, Ending.KILLED),
        (1, False, False, Ending.KILLED),
        (21, False, False, Ending.HUNG),
        (21, True, False, Ending.TOLD),
        (None, False, True, Ending.SILENT),
        (None, True, True, Ending.SILENT),
    ],
)
def test_what_a_worker_leaves_behind_says_why_it_is_gone(
    busy_for_s: float | None, is_over: bool, was_silent: bool, ending: Ending
) -> None:
    life = Life()
    if busy_for_s is not None:
        life.busy(time.monotonic() - busy_for_s)
    if is_over:
        life.over()
    assert life.ending(20, was_silent=was_silent) is ending


def test_a_worker_that_was_told_and_killed_all_the_same_was_told() -> None:
    life = Life()
    assert not life.was_told
    life.told()
    assert life.was_told
    assert life.ending(20, was_silent=False) is Ending.KILLED


def test_a_request_that_ended_leaves_nothing_behind() -> None:
    life = Life()
    with Watchdog(60, life):
        assert life.ending(0, was_silent=False) is Ending.HUNG
    assert life.ending(0, was_silent=False) is Ending.KILLED
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
