"""Whatever happens: each future is resolved once, with its own result; batches are no larger than may be."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future
from functools import partial
from typing import NamedTuple

import pytest
from hypothesis import settings, strategies
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.batcher import Batcher
from models.errors import DeadlineExceeded, EngineError, EngineFull, ModelError, ModelUnavailable, OutOfMemory

MOST, PATIENCE_S = 12, 30


class Image(NamedTuple):
    number: int
    kind: str  # good, bad: its batch fails, heavy: the device has no room for its batch, late


class Machine(RuleBasedStateMachine):
    """Images of all kinds come, are cancelled, wait while the device is held, and find it larger or smaller."""

    @initialize(wait_ms=strategies.sampled_from([0, 1]))
    def begin(self, wait_ms: int) -> None:
        self.largest, self.allowed = 4, {4}
        self.runs: list[list[Image]] = []
        self.asked: list[tuple[Image, Future[int]]] = []
        self.resolved: list[int] = []
        self.is_free = threading.Event()
        self.is_free.set()
        self.batcher = Batcher[Image, int](self.run, lambda: self.largest, wait_s=wait_ms / 1e3, most=MOST)
        self.batcher.start()

    def run(self, images: Sequence[Image]) -> list[int]:
        assert self.is_free.wait(PATIENCE_S)
        self.runs.append(list(images))
        if any(image.kind == "heavy" for image in images):
            raise OutOfMemory("no room")
        if any(image.kind == "bad" for image in images):
            raise EngineError("a bad one")
        return [image.number for image in images]

    @rule(kinds=strategies.lists(strategies.sampled_from(["good", "good", "bad", "heavy", "late"]), min_size=1))
    def submit(self, kinds: list[str]) -> None:
        for kind in kinds:
            image = Image(len(self.asked), kind)
            ends_at = time.monotonic() + (PATIENCE_S if kind != "late" else -1)
            try:
                future = self.batcher.submit(image, ends_at)
            except EngineFull:
                continue
            future.add_done_callback(partial(self.note, image.number))
            self.asked.append((image, future))

    def note(self, number: int, _: object) -> None:
        self.resolved.append(number)

    @rule(which=strategies.integers(0, 1000))
    def cancel(self, which: int) -> None:
        if self.asked:
            self.asked[which % len(self.asked)][1].cancel()

    @rule()
    def hold(self) -> None:
        self.is_free.clear()

    @rule()
    def let_go(self) -> None:
        self.is_free.set()

    @rule(largest=strategies.sampled_from([1, 2, 4, 8]))
    def becomes(self, largest: int) -> None:
        self.allowed.add(largest)
        self.largest = largest

    @invariant()
    def few_wait(self) -> None:
        assert self.batcher.waiting <= MOST

    def teardown(self) -> None:
        if not hasattr(self, "batcher"):
            return
        self.is_free.set()
        self.batcher.close()
        assert all(len(run) <= max(self.allowed) for run in self.runs)
        assert sorted(self.resolved) == [image.number for image, _ in self.asked], "each once"
        for image, future in self.asked:
            assert future.done()
            check(image, future)
        with pytest.raises(ModelUnavailable):
            self.batcher.submit(Image(0, "good"))


def check(image: Image, future: "Future[int]") -> None:
    """It has its own result, or an error that its kind or its company explains."""
    try:
        assert future.result() == image.number
        assert image.kind == "good"
    except CancelledError:
        pass
    except OutOfMemory:
        assert image.kind in ("good", "bad", "heavy")
    except EngineError:
        assert image.kind == "bad", "only the culprit fails"
    except DeadlineExceeded:
        assert image.kind == "late"


Machine.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestBatcher = Machine.TestCase


class Device:
    """Runs what it gets, once it is free; keeps the sizes."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.is_free, self.is_asked = threading.Event(), threading.Event()

    def run(self, items: Sequence[int]) -> list[int]:
        self.is_asked.set()
        assert self.is_free.wait(PATIENCE_S)
        self.sizes.append(len(items))
        return list(items)


@pytest.fixture
def device() -> Device:
    return Device()


def batcher(device: Device, wait_s: float = 0.0, largest: int = 8) -> Batcher[int, int]:
    made = Batcher[int, int](device.run, lambda: largest, wait_s=wait_s, most=100)
    made.start()
    return made


def test_what_came_while_the_device_was_busy_runs_together(device: Device) -> None:
    made = batcher(device)
    futures = [made.submit(0)]
    assert device.is_asked.wait(PATIENCE_S)
    futures += [made.submit(number) for number in range(1, 20)]
    device.is_free.set()
    assert [future.result(PATIENCE_S) for future in futures] == list(range(20))
    made.close()
    assert device.sizes == [1, 8, 8, 3]


def test_it_waits_for_others_and_goes_at_once_when_it_is_full(device: Device) -> None:
    device.is_free.set()
    made = batcher(device, wait_s=PATIENCE_S, largest=3)
    futures = [made.submit(number) for number in range(3)]
    assert [future.result(PATIENCE_S / 2) for future in futures] == [0, 1, 2]
    assert device.sizes == [3]
    made.close()


def test_it_never_waits_past_a_deadline(device: Device) -> None:
    device.is_free.set()
    made = batcher(device, wait_s=PATIENCE_S)
    start = time.monotonic()
    patient, hurried = made.submit(1), made.submit(2, ends_at=start + 0.5)
    with pytest.raises(DeadlineExceeded):  # it waited up to the deadline, and nothing was run for nobody
        hurried.result(PATIENCE_S / 2)
    assert patient.result(PATIENCE_S / 2) == 1
    made.close()


def test_it_leaves_as_much_time_as_a_run_has_taken(device: Device) -> None:
    device.is_free.set()
    made = batcher(device, wait_s=PATIENCE_S)
    made._run_s = 0.4
    hurried = made.submit(2, ends_at=time.monotonic() + 0.5)
    assert hurried.result(PATIENCE_S / 2) == 2
    made.close()


def test_closing_runs_what_waits_and_needs_no_start(device: Device) -> None:
    device.is_free.set()
    made = batcher(device, wait_s=PATIENCE_S)
    future = made.submit(1)
    made.close()
    assert future.result(0) == 1
    Batcher[int, int](device.run, lambda: 1, wait_s=0, most=1).close()


def test_an_answer_for_another_number_of_images_is_none() -> None:
    made = Batcher[int, int](lambda items: [], lambda: 4, wait_s=0, most=4)
    made.start()
    with pytest.raises(ModelError, match="0 results for 1"):
        made.submit(1).result(PATIENCE_S)
    made.close()
