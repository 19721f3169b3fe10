"""The engine process is started again whenever it ends, less often the more often it does, and ended with us."""

import os
import signal
import sys
from pathlib import Path

import pytest

from models.engine_keeper import EngineKeeper
from tests.e2e.server import until
from tests.fakes import Clock

LIVES = (sys.executable, "-c", "import time; time.sleep(600)")


@pytest.fixture
def clock() -> Clock:
    return Clock()


def killed(keeper: EngineKeeper) -> int:
    """Kill it; return which it was, once that is seen."""
    process = keeper._process
    assert process
    process.kill()
    until(lambda: process.poll() is not None, "a killed one ends")
    return process.pid


def test_one_that_ends_is_replaced_and_listens_where_it_did(clock: Clock) -> None:
    deaths: list[int] = []
    keeper = EngineKeeper(LIVES, lambda: deaths.append(1), clock)
    keeper.start({})
    address = keeper.address
    keeper.keep()
    clock.now += 100  # a failure that is no failed start
    first = killed(keeper)
    keeper.keep()
    assert keeper.pid not in (None, first)
    assert (keeper.address, deaths) == (address, [1])
    keeper.stop()
    assert keeper.pid is None


def test_one_that_can_not_start_is_tried_less_and_less_often(clock: Clock) -> None:
    keeper = EngineKeeper(LIVES, clock=clock)
    keeper.start({})
    pauses = []
    for _ in range(8):
        killed(keeper)
        keeper.keep()
        began = clock.now
        while keeper.pid is None:
            clock.now += 0.5
            keeper.keep()
        pauses.append(clock.now - began)
    keeper.stop()
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_it_is_told_where_to_listen_and_who_we_are_and_in_which_surroundings(tmp_path: Path) -> None:
    told = tmp_path / "told"
    script = f"""import os, pathlib, socket, sys
here = socket.socket(fileno=int(sys.argv[1])).getsockname().hex()
pathlib.Path({str(told)!r}).write_text(f"{{here}} {{sys.argv[2]}} {{os.environ['X']}}")"""
    keeper = EngineKeeper((sys.executable, "-c", script))
    keeper.start({"X": "y"})
    until(lambda: told.exists() and told.read_text().count(" ") == 2, "it has said")
    assert told.read_text() == f"{keeper.address.hex()} {os.getpid()} y"
    keeper.stop()


def test_one_that_does_not_end_when_told_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("models.engine_keeper._END_S", 0.2)
    ready = tmp_path / "ready"
    script = f"""import pathlib, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(ready)!r}).touch()
time.sleep(600)"""
    keeper = EngineKeeper((sys.executable, "-c", script))
    keeper.start({})
    until(ready.exists, "it runs")
    process = keeper._process
    assert process
    keeper.stop()
    assert process.returncode == -signal.SIGKILL
