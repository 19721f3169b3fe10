"""Workers and their engine: each has its own answers, and what happens to one is none of the others' business."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from models.deadline import Deadline
from models.engine_remote import RemoteEngine
from models.engine_words import Ask, is_ours, listener
from models.errors import DeadlineExceeded, EngineError, ModelUnavailable
from models.ring import ring_file
from tests.e2e.server import until
from tests.unit.models.engine_room import (
    BAD,
    HANGS,
    HEAVY,
    NAN,
    SHAPE,
    SLOW,
    SLOW_S,
    Room,
    address_of,
    guest,
    image,
    mortal,
)

SOON_S = 20


def soon() -> Deadline:
    return Deadline(time.monotonic() + SOON_S)


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with listener() as made:
        yield made


@pytest.fixture
def room(listening: socket.socket) -> Room:
    made = Room(listening)
    made.begin()
    return made


Visit = Callable[..., RemoteEngine]


@pytest.fixture
def visit(listening: socket.socket) -> Iterator[Visit]:
    """Be a worker that has the model; what it says and does is up to the test."""
    guests: list[RemoteEngine] = []

    def come(*given: object, **options: object) -> RemoteEngine:
        guests.append(guest(address_of(listening), *given, **options))  # type: ignore[arg-type]
        return guests[-1]

    yield come
    for each in guests:
        each.close()


def ask(engine: RemoteEngine, value: int) -> float:
    """The score of one image's class."""
    until_ = soon()
    return float(engine.take(engine.begin(image(value), until_), until_).scores[value % 5])


def test_every_worker_has_its_own_answers(room: Room, visit: Visit) -> None:
    wrong: list[int] = []

    def work(engine: RemoteEngine, values: range) -> None:
        wrong.extend(value for value in values if ask(engine, value) != pytest.approx(value / 255))

    threads = [threading.Thread(target=work, args=(visit(), range(start, 240, 4))) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert room.loads == ["build"]
    assert sum(run.images for run in room.runs) == 240


def test_many_images_of_one_worker_run_together_and_wait_for_slots(room: Room, visit: Visit) -> None:
    engine, until_ = visit(), soon()
    room.device.acquire()  # until all slots are used
    begun = [engine.begin(image(value), until_) for value in range(3)]
    with pytest.raises(DeadlineExceeded):
        engine.begin(image(9), Deadline(time.monotonic() + 0.05))
    room.device.release()
    begun += [engine.begin(image(value), until_) for value in range(3, 10)]
    scores = [engine.take(serial, until_).scores for serial in begun]
    assert [round(float(row.max() * 255)) for row in scores] == list(range(10))
    assert max(run.images for run in room.runs) > 1


def test_the_known_answers_way_in_is_the_same(room: Room, visit: Visit) -> None:
    scores = visit().run(np.stack([image(value) for value in range(7)]))
    assert np.allclose(scores.max(axis=1) * 255, range(7))


def test_only_the_culprit_of_a_batch_fails(room: Room, visit: Visit) -> None:
    engine, until_ = visit(), soon()
    room.device.acquire()
    begun = [engine.begin(image(value), until_) for value in (1, BAD, 2)]
    room.device.release()
    assert engine.take(begun[0], until_).scores[1] > 0
    with pytest.raises(EngineError, match="failed to run"):
        engine.take(begun[1], until_)
    assert engine.take(begun[2], until_).scores[2] > 0


def test_what_the_device_has_no_room_for_is_unavailable_and_what_is_not_finite_is_no_answer(
    room: Room, visit: Visit
) -> None:
    engine = visit()
    with pytest.raises(ModelUnavailable, match="no room"):
        ask(engine, HEAVY)
    with pytest.raises(EngineError, match="not finite"):
        ask(engine, NAN)
    assert ask(engine, 5) == pytest.approx(5 / 255)


def test_who_gives_up_gets_his_slot_back_when_the_answer_comes(room: Room, visit: Visit) -> None:
    engine = visit()
    for _ in range(2 * SHAPE.slots):
        late = Deadline(time.monotonic() + SLOW_S / 10)
        serial = engine.begin(image(SLOW), soon())
        with pytest.raises(DeadlineExceeded):
            engine.take(serial, late)
    assert ask(engine, 7) == pytest.approx(7 / 255)
    assert (engine._asked, engine._answers, engine._given_up) == ({}, {}, set())
    assert len(engine._free) == SHAPE.slots


def test_what_is_dropped_is_forgotten(room: Room, visit: Visit) -> None:
    engine = visit()
    for value in range(10):
        engine.drop(engine.begin(image(value), soon()))
    assert ask(engine, 7) == pytest.approx(7 / 255)
    assert engine._answers == {}


def test_a_worker_that_dies_with_images_on_their_way_leaves_nothing(room: Room, visit: Visit) -> None:
    one, other = visit(), visit()
    room.device.acquire()
    for value in range(3):
        one.begin(image(value), soon())
    until(lambda: room.rings == (2 * SHAPE.slots, 3), "both rings are seen, and what is in them")
    assert one._line._connection
    one._line._connection.close()
    room.device.release()
    assert ask(other, 8) == pytest.approx(8 / 255)
    until(lambda: room.rings == (SHAPE.slots, 0), "the ring is gone")


def test_what_can_not_be_loaded_says_why(room: Room, visit: Visit) -> None:
    assert visit("damaged").why_not() == "it is damaged"
    assert visit("exploding").why_not() == "ZeroDivisionError while loading"
    assert visit(shape=SHAPE._replace(classes=6)).why_not() == "the worker's ring is not one for this model"
    with pytest.raises(ModelUnavailable, match="it is damaged"):
        visit("damaged").begin(image(1), soon())
    assert visit().why_not() == ""


def test_many_who_want_what_can_not_be_loaded_do_not_keep_the_loader_busy(room: Room, visit: Visit) -> None:
    assert {visit("damaged").why_not() for _ in range(20)} == {"it is damaged"}
    assert room.refusals == 1
    occupying = visit("large", patience_s=0.1)
    assert visit("damaged").why_not() == "it is damaged", "who rests does not queue behind who loads"
    room.is_loading.set()
    assert occupying.why_not(SOON_S) == ""


@pytest.mark.parametrize(("load_s", "rest_s"), [(0.0, 9), (3, 30), (500, 60)])
def test_what_could_not_be_loaded_is_asked_for_again(
    room: Room, visit: Visit, monkeypatch: pytest.MonkeyPatch, load_s: float, rest_s: float
) -> None:
    room.load_s = load_s
    engine = visit("damaged")
    room.is_mended = True
    assert engine.why_not(0.1) == "it is damaged", "not at once"
    monkeypatch.setattr("models.engine_line._AGAIN_S", 0.0)
    room.clock.now += rest_s - 1
    assert engine.why_not(SOON_S) == "it is damaged"
    room.clock.now += 1
    assert engine.why_not(SOON_S) == ""
    assert ask(engine, 3) == pytest.approx(3 / 255)


def test_a_build_that_somebody_left_while_it_loaded_is_not_kept_for_him(room: Room, visit: Visit) -> None:
    hasty = visit("large", patience_s=0.1)
    assert hasty.why_not() == "its engine is away: it is being started, or loads the model"
    hasty.close()
    until(lambda: room.rings[0] == 0, "that he left is seen")
    room.is_loading.set()
    visit("new").close()
    until(lambda: room.closed == ["large"], "it is unloaded")


def test_of_two_builds_the_older_goes_when_nobody_holds_it(room: Room, visit: Visit) -> None:
    first, second = visit("old"), visit("old")
    newer = visit("new")
    first.close()
    assert ask(second, 3) == pytest.approx(3 / 255)
    assert room.closed == []
    second.close()
    until(lambda: room.closed == ["old"], "the older one is unloaded")
    until(lambda: room.engines[0]() is None, "and its memory given back")
    newer.close()
    assert ask(visit("new"), 3) == pytest.approx(3 / 255)
    assert room.loads == ["old", "new"], "the newest stays, though nobody held it for a moment"


def test_a_newer_build_that_nobody_takes_goes_again(room: Room, visit: Visit) -> None:
    keeps = visit("old")
    visit("new").close()
    until(lambda: room.closed == ["new"], "it is unloaded")
    assert ask(keeps, 3) == pytest.approx(3 / 255)


@pytest.mark.parametrize("values", [[HANGS], [BAD] * 16])
def test_an_engine_that_hangs_or_only_fails_ends(listening: socket.socket, values: list[int]) -> None:
    with mortal(listening) as pid:
        engine, until_ = guest(address_of(listening)), soon()
        for value in values[:-1]:
            with pytest.raises(EngineError):
                engine.take(engine.begin(image(value), until_), until_)
        with pytest.raises(ModelUnavailable, match="away"):
            engine.take(engine.begin(image(values[-1]), until_), until_)
        until(lambda: Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z", "it has ended")
        engine.close()


def test_who_is_no_worker_of_ours_is_sent_away(room: Room, listening: socket.socket, visit: Visit) -> None:
    for messages in ([b"rubbish"], [b"{}"], [Ask(0, 0, 0.0).packed()]):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.settimeout(SOON_S)
            stranger.connect(address_of(listening))
            for message in messages:
                stranger.send(message)
            assert stranger.recv(100) == b""
    engine = visit()
    assert engine._line._connection
    engine._line._connection.send(Ask(SHAPE.slots, 0, 0.0).packed())  # a slot that there is not
    until(lambda: engine.why_not() == "", "it has come again")
    assert ask(visit(), 4) == pytest.approx(4 / 255)


def test_another_user_s_process_is_not_ours(listening: socket.socket) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as caller:
        caller.connect(address_of(listening))
        accepted, _ = listening.accept()
        with accepted:
            assert is_ours(accepted, os.geteuid())
            assert not is_ours(accepted, os.geteuid() + 1)


def test_an_engine_that_is_killed_costs_what_it_had_and_the_next_one_goes_on(listening: socket.socket) -> None:
    with mortal(listening) as pid:
        engine = guest(address_of(listening))
        serial = engine.begin(image(SLOW), soon())
        os.kill(pid, 9)
        with pytest.raises(ModelUnavailable, match="away"):
            engine.take(serial, soon())
        start = time.monotonic()
        with pytest.raises(ModelUnavailable, match="away"):
            engine.begin(image(1), soon())
        assert time.monotonic() - start < SOON_S / 2, "nobody waits for what is not there"
        assert engine.why_not() == "its engine is away: it is being started, or loads the model"
    with mortal(listening):
        until(lambda: engine.why_not() == "", "the next one is there")
        assert ask(engine, 6) == pytest.approx(6 / 255)
    engine.close()


def test_who_comes_before_the_engine_waits_for_it(listening: socket.socket) -> None:
    early = guest(address_of(listening), patience_s=0.1)
    assert early.why_not() == "its engine is away: it is being started, or loads the model"
    early.close()
    found: list[RemoteEngine] = []
    thread = threading.Thread(target=lambda: found.append(guest(address_of(listening))))
    thread.start()
    with mortal(listening):
        thread.join()
        assert ask(found[0], 2) == pytest.approx(2 / 255)
    found[0].close()


def test_an_engine_that_ends_while_it_loads_is_waited_out(listening: socket.socket) -> None:
    engine = guest(address_of(listening), patience_s=0)
    first = mortal(listening)
    with first as pid:
        os.kill(pid, 9)
    with mortal(listening):
        assert engine.why_not(SOON_S) == ""
    engine.close()


def test_a_crowd_of_images_does_not_wait_for_an_engine_that_is_away(listening: socket.socket) -> None:
    engine = guest(address_of(listening), patience_s=0.5)
    start = time.monotonic()
    for _ in range(50):
        with pytest.raises(ModelUnavailable):
            engine.begin(image(1), soon())
    assert time.monotonic() - start < 50 * 0.25 / 2, "a moment for each would be too long"
    engine.close()


def test_a_ring_that_does_not_come_along_is_missed(room: Room, listening: socket.socket) -> None:
    for files in ([], [ring_file(SHAPE._replace(slots=9))]):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as stranger:
            stranger.settimeout(SOON_S)
            stranger.connect(address_of(listening))
            hello = b'{"wanted": {"name": "net", "folder": "x", "precision": "float32"}, "shape": [3, 4, 6, 5]}'
            socket.send_fds(stranger, [hello], files)
            assert stranger.recv(100) == b""
        for file in files:
            os.close(file)
