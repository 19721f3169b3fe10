"""Sharing cores between processes, with real processes and real locks."""

import fcntl
import multiprocessing
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from models.cores import _PATIENCE_S, _WAITING, Cores, _lock

SPAWN = multiprocessing.get_context("spawn")


def hold(path: Path, count: int, grow: bool, pipe: Connection) -> None:
    """In another process: take a core (and all idle ones), say how many, hold them until told."""
    with Cores(path, count).lease() as lease:
        pipe.send(lease.grow() if grow else 1)
        pipe.recv()


@contextmanager
def other(path: Path, count: int, *, grow: bool = False) -> Iterator[tuple[int, int, Connection]]:
    """Another process that holds cores: its pid, how many it holds, and a pipe that ends it."""
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=hold, args=(path, count, grow, theirs))
    process.start()
    theirs.close()
    try:
        yield process.pid or 0, ours.recv(), ours
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cores"


@pytest.mark.parametrize(("count", "grown"), [(1, 1), (2, 2), (3, 2), (4, 4), (6, 4), (8, 8), (20, 8)])
def test_a_lone_request_gets_all_cores_up_to_a_power_of_two(path: Path, count: int, grown: int) -> None:
    with Cores(path, count).lease() as lease:
        assert lease.grow() == grown


@pytest.mark.parametrize(("count", "most", "grown"), [(4, 1, 1), (4, 2, 2), (6, 4, 4), (2, 8, 2), (20, 16, 16)])
def test_no_more_cores_are_held_than_an_inference_has_threads(path: Path, count: int, most: int, grown: int) -> None:
    with Cores(path, count, most).lease() as lease:
        assert lease.grow() == grown
        with Cores(path, count).lease() if count > grown else nullcontext() as other:
            assert other is None or other.grow() == min(8, 1 << (count - grown).bit_length() - 1)


def test_no_more_cores_are_held_than_a_fair_share_asked_each_time(path: Path) -> None:
    share = iter((2, 8))
    cores = Cores(path, 4, share=lambda: next(share))
    grown = []
    for _ in range(2):
        with cores.lease() as lease:
            grown.append(lease.grow())
    assert grown == [2, 4]


def test_what_is_not_used_is_given_back_at_once(path: Path) -> None:
    with Cores(path, 3).lease() as lease:
        assert lease.grow() == 2
        with Cores(path, 3).lease() as second:
            assert second.grow() == 1


def test_two_processes_get_a_core_each(path: Path) -> None:
    with other(path, 2) as (_, held, _), Cores(path, 2).lease() as lease:
        assert held == 1
        assert lease.grow() == 1
        assert lease.waited_s < 1


def test_threads_of_one_process_count_like_processes(path: Path) -> None:
    cores = Cores(path, 2)
    with cores.lease() as first, cores.lease() as second:
        assert first.grow() == 1
        assert second.grow() == 1


def test_a_killed_process_gives_its_cores_back_at_once(path: Path) -> None:
    with other(path, 2, grow=True) as (pid, held, _):
        assert held == 2
        os.kill(pid, signal.SIGKILL)
        with Cores(path, 2).lease() as lease:
            assert lease.grow() in (1, 2)  # 1 only while the kernel is still closing its files


def test_a_waiter_gets_a_core_before_anyone_gets_a_second(path: Path) -> None:
    got, done = threading.Event(), threading.Event()

    def wait() -> None:
        with Cores(path, 2).lease():
            got.set()
            done.wait(10)

    with other(path, 2, grow=True) as (_, held, pipe):
        assert held == 2
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not got.wait(0.05)
        pipe.send("end")
        assert got.wait(10)
    with Cores(path, 2).lease() as lease:
        assert lease.grow() == 1
    done.set()
    waiter.join()


def test_nobody_grows_while_somebody_waits(path: Path) -> None:
    cores = Cores(path, 2)
    with cores.lease() as lease:
        with path.open("rb") as waiter:  # as a waiter marks itself, on a descriptor of its own
            _lock(waiter.fileno(), fcntl.F_OFD_SETLK, fcntl.F_RDLCK, _WAITING)
            assert lease.grow() == 1
        assert lease.grow() == 2


def test_waiters_take_whichever_core_comes_free_first(path: Path) -> None:
    taken: list[int] = []

    def wait() -> None:
        with Cores(path, 4).lease() as lease:
            taken.append(1)
            all_taken.wait(10)
            lease.grow()

    all_taken = threading.Event()
    waiters = [threading.Thread(target=wait) for _ in range(4)]
    with Cores(path, 4).lease() as lease:
        assert lease.grow() == 4
        for waiter in waiters:
            waiter.start()
    deadline = time.monotonic() + 10
    while len(taken) < 4 and time.monotonic() < deadline:
        time.sleep(0.01)
    all_taken.set()
    for waiter in waiters:
        waiter.join()
    assert len(taken) == 4  # all four at once: nobody queued for a core while another was free


def test_a_runtime_folder_that_was_cleared_is_made_again(tmp_path: Path) -> None:
    cores = Cores(tmp_path / "run/cores", 2)
    for _ in range(2):
        with cores.lease() as lease:
            assert lease.grow() == 2
        shutil.rmtree(tmp_path / "run")


def test_who_hangs_on_all_cores_does_not_hold_the_others_for_ever(path: Path) -> None:
    cores = Cores(path, 2)
    with other(path, 2, grow=True) as (pid, held, _):
        assert held == 2
        os.kill(pid, signal.SIGSTOP)
        with cores.lease() as lease:
            assert lease.waited_s >= _PATIENCE_S
            assert lease.grow() == 1
        with cores.lease() as lease:
            assert lease.waited_s < _PATIENCE_S, "who has waited in vain does not wait again"
    with cores.lease() as lease:
        assert lease.grow() == 2


def test_those_who_wait_in_vain_do_not_wait_one_after_the_other(path: Path) -> None:
    with other(path, 1) as _, ThreadPoolExecutor(4) as pool:
        start = time.monotonic()

        def wait(_: int) -> float:
            with Cores(path, 1).lease() as lease:
                return lease.waited_s

        assert min(pool.map(wait, range(4))) >= _PATIENCE_S
        assert time.monotonic() - start < 3 * _PATIENCE_S
