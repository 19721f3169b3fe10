"""What a process of a job worker does with a message, in a process of its own."""

import os
import signal
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from jobs.job import Chunk
from jobs.work import Ended, Work
from jobs.worker import Started, WorkerProcess
from models.reload import Reloads
from models.self_test import SelfTests

ALL_WELL = 0
CHUNK, AGAIN = Chunk("a", 0, "1"), Chunk("a", 0, "2")


def in_a_child(play: Callable[[], None]) -> None:
    """Run it in a process that is forked, and fail where it fails."""
    child = os.fork()
    if not child:
        status = 1
        try:
            play()
            status = ALL_WELL
        except AssertionError:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == ALL_WELL


@dataclass
class FakeWork:
    """Ends as it is told to."""

    ended: Ended = field(default_factory=Ended)
    done: list[Chunk] = field(default_factory=list)

    def do(self, chunk: Chunk, holder: str) -> Ended:
        self.done.append(chunk)
        return self.ended


@dataclass
class FakeSelfTests:
    """Due once."""

    runs: int = 0

    def due_in_s(self) -> float:
        return 0.0 if self.runs == 0 else 1.0

    def run_next(self) -> None:
        self.runs += 1


@dataclass
class FakeReloads:
    """Asked for once."""

    runs: int = 0

    def due(self) -> bool:
        return self.runs == 0

    def run(self) -> None:
        self.runs += 1


@dataclass
class World:
    """A process and what it did: *published*, *ended* (whom it told to end, and how)."""

    work: FakeWork = field(default_factory=FakeWork)
    self_tests: FakeSelfTests = field(default_factory=FakeSelfTests)
    reloads: FakeReloads = field(default_factory=FakeReloads)
    sound: bool = True
    published: list[Chunk] = field(default_factory=list)
    ended: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self_tests, reloads = cast("SelfTests", self.self_tests), cast("Reloads", self.reloads)
        started = Started(cast("Work", self.work), self_tests, reloads, lambda: self.sound)
        self.process = WorkerProcess(self.published.extend, lambda: started, lambda *told: self.ended.append(told))


def test_a_message_is_worked_on_after_the_reload_and_the_self_test_that_are_due() -> None:
    world = World()

    def child() -> None:
        world.process.begin()
        for _ in range(2):
            world.process.do(CHUNK, "holder")
        assert (world.work.done, world.self_tests.runs, world.reloads.runs) == ([CHUNK, CHUNK], 1, 1)
        assert not world.published
        assert not world.ended

    in_a_child(child)
    assert not world.process.has_failed


def test_what_is_left_is_handed_on() -> None:
    world = World(work=FakeWork(Ended(again=AGAIN)))

    def child() -> None:
        world.process.begin()
        world.process.do(CHUNK, "holder")
        assert world.published == [AGAIN]
        assert not world.ended

    in_a_child(child)


def test_one_that_fails_at_what_it_should_know_ends_its_worker() -> None:
    world, parent = World(work=FakeWork(Ended(again=AGAIN, is_broken=True))), os.getpid()

    def child() -> None:
        world.process.begin()
        world.process.do(CHUNK, "holder")
        assert world.published == [AGAIN]
        assert world.ended == [(parent, signal.SIGTERM)]

    in_a_child(child)
    assert world.process.has_failed, "the parent sees it"


def test_one_whose_models_could_not_be_loaded_or_whose_self_test_failed_takes_no_work() -> None:
    world, parent = World(sound=False), os.getpid()

    def child() -> None:
        world.process.begin()
        world.process.do(CHUNK, "holder")
        assert not world.work.done
        assert world.published == [CHUNK]
        assert set(world.ended) == {(parent, signal.SIGTERM)}

    in_a_child(child)
    assert world.process.has_failed


def test_one_that_never_began_takes_no_work() -> None:
    """Celery only logs what goes wrong at a process's start."""
    world = World()
    world.process.do(CHUNK, "holder")
    assert world.published == [CHUNK]
    assert world.process.has_failed
