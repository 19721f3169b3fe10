"""Slots for large decodes, shared by real processes."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models import road
from models.cores import Cores
from models.deadline import Deadline
from models.decode_slots import MOST_SLOTS, DecodeSlots
from models.errors import CallerGone, DeadlineExceeded
from models.road import Road, UploadLimits
from preprocessing.decode import HEAVY_PIXELS
from preprocessing.transform import Tensor, transform
from tests.fakes import served
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


class Asker(threading.Thread):
    """Asks about one upload, and says when there is an *opinion* of it."""

    def __init__(self, road: Road, upload: bytes, deadline: Deadline | None = None) -> None:
        super().__init__()
        self._road, self._upload, self._deadline = road, upload, deadline or Deadline()
        self.answered = threading.Event()

    def run(self) -> None:
        (self.opinion,) = self._road.classify([self._upload], NETWORKS, deadline=self._deadline)
        self.answered.set()


def a_road(tmp_path: Path, cores: int = 1) -> Road:
    """With two slots."""
    return Road(UploadLimits(), Cores(tmp_path / "cores", cores), DecodeSlots(tmp_path / "slots", 8))


NETWORKS = {"x": served().classifier}
LARGE = encode(np.zeros((4001, 4000), np.uint8), "PNG")
SMALL = encode(np.zeros((400, 400), np.uint8), "PNG")


@pytest.mark.parametrize(("cores", "slots"), [(1, 1), (2, 2), (64, MOST_SLOTS)])
def test_there_is_a_slot_a_core_up_to_a_few(tmp_path: Path, cores: int, slots: int) -> None:
    assert DecodeSlots(tmp_path / "slots", cores).count == slots


def test_a_large_picture_waits_for_a_slot_and_holds_no_core_meanwhile(tmp_path: Path) -> None:
    assert HEAVY_PIXELS < 4001 * 4000
    path, way = tmp_path / "slots", a_road(tmp_path)
    with other(path), other(path) as (_, pipe):
        waiter = Asker(way, LARGE)
        waiter.start()
        for _ in range(20):
            (small,) = way.classify([SMALL], NETWORKS)
            assert small.error is None
            assert small.queue_s < 0.5, "the only core is free, but for a moment"
        assert not waiter.answered.wait(0.1)
        pipe.send("end")
        assert waiter.answered.wait(30)
        waiter.join()
    assert waiter.opinion.error is None
    assert waiter.opinion.queue_s > 0.1, "waiting is not decoding"
    assert waiter.opinion.format == "png"


def test_a_killed_process_gives_its_slot_back(tmp_path: Path) -> None:
    path = tmp_path / "slots"
    with other(path), other(path) as (pid, _):
        waiter = Asker(a_road(tmp_path), LARGE)
        waiter.start()
        os.kill(pid, signal.SIGKILL)
        assert waiter.answered.wait(30)
        waiter.join()
    assert waiter.opinion.error is None


def test_a_slot_is_waited_for_until_the_deadline_whoever_else_waits(tmp_path: Path) -> None:
    path, way = tmp_path / "slots", a_road(tmp_path)
    with other(path), other(path):
        start = time.monotonic()
        patient = Asker(way, LARGE, Deadline(start + 60))
        patient.start()
        askers = [Asker(way, LARGE, Deadline(start + 0.3)) for _ in range(4)]
        for asker in askers:
            asker.start()
        for asker in askers:
            assert asker.answered.wait(30)
            asker.join()
        assert 0.3 <= time.monotonic() - start < 10
        assert not patient.answered.is_set()
    patient.join()
    assert patient.opinion.error is None
    for asker in askers:
        assert isinstance(asker.opinion.error, DeadlineExceeded)
        assert asker.opinion.queue_s > asker.opinion.decode_s


def test_nobody_waits_for_a_slot_for_a_caller_who_has_left(tmp_path: Path) -> None:
    path, left = tmp_path / "slots", threading.Event()
    with other(path), other(path):
        waiter = Asker(a_road(tmp_path), LARGE, Deadline(is_gone=left.is_set))
        waiter.start()
        assert not waiter.answered.wait(0.1)
        left.set()
        assert waiter.answered.wait(30)
        waiter.join()
    assert isinstance(waiter.opinion.error, CallerGone)


def test_more_askers_than_slots_are_all_answered(tmp_path: Path) -> None:
    askers = [Asker(a_road(tmp_path, cores=6), LARGE) for _ in range(6)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert all(asker.opinion.error is None for asker in askers)
    assert max(asker.opinion.queue_s for asker in askers) > 0.005, "some waited for a slot"


def test_a_slot_is_held_until_the_tensors_are_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[int] = []

    def watched(*arguments: Any) -> Tensor:
        held.append(Cores(tmp_path / "slots", MOST_SLOTS).in_use())
        return transform(*arguments)

    monkeypatch.setattr(road, "transform", watched)
    for upload in (LARGE, SMALL):
        a_road(tmp_path).classify([upload], NETWORKS)
    assert held == [1, 0]
    assert Cores(tmp_path / "slots", MOST_SLOTS).in_use() == 0
