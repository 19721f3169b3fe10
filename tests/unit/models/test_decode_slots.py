"""Slots for large decodes, shared by real processes."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from models.decode_slots import MOST_SLOTS, DecodeSlots
from preprocessing.decode import HEAVY_PIXELS, decode
from tests.pictures import encode

SPAWN = multiprocessing.get_context("spawn")


def hold(path: Path, pipe: Connection) -> None:
    """In another process: take a slot and hold it until told."""
    with DecodeSlots(path, 8).heavy():
        pipe.send("held")
        pipe.recv()


@contextmanager
def other(path: Path) -> Iterator[tuple[int, Connection]]:
    ours, theirs = SPAWN.Pipe()
    process = SPAWN.Process(target=hold, args=(path, theirs))
    process.start()
    theirs.close()
    try:
        assert ours.recv() == "held"
        yield process.pid or 0, ours
    finally:
        process.kill()
        process.join()
        process.close()
        ours.close()


class Waiter(threading.Thread):
    """Decodes one upload and says when it has been let in."""

    def __init__(self, slots: DecodeSlots, upload: bytes) -> None:
        super().__init__()
        self._slots, self._upload = slots, upload
        self.decoded = threading.Event()

    def run(self) -> None:
        decode(self._upload, min_side=64, heavy=self._slots.heavy)
        self.decoded.set()


LARGE = encode(np.zeros((4001, 4000), np.uint8), "PNG")
SMALL = encode(np.zeros((400, 400), np.uint8), "PNG")


@pytest.mark.parametrize(("cores", "slots"), [(1, 1), (2, 2), (64, MOST_SLOTS)])
def test_there_is_a_slot_a_core_up_to_a_few(tmp_path: Path, cores: int, slots: int) -> None:
    assert DecodeSlots(tmp_path / "slots", cores).count == slots


def test_a_large_picture_waits_for_a_slot_and_a_small_one_does_not(tmp_path: Path) -> None:
    assert HEAVY_PIXELS < 4001 * 4000
    path = tmp_path / "slots"
    with other(path), other(path) as (_, pipe):
        waiter = Waiter(DecodeSlots(path, 8), LARGE)
        waiter.start()
        assert decode(SMALL, heavy=DecodeSlots(path, 8).heavy).shape == (400, 400, 3)
        assert not waiter.decoded.wait(0.1)
        pipe.send("end")
        assert waiter.decoded.wait(30)
        waiter.join()


def test_a_killed_process_gives_its_slot_back(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    with other(path), other(path) as (pid, _):
        waiter = Waiter(DecodeSlots(path, 8), LARGE)
        waiter.start()
        os.kill(pid, signal.SIGKILL)
        assert waiter.decoded.wait(30)
        waiter.join()
