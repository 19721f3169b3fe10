import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest

from models.errors import ArtifactError
from models.registry import Registry
from models.reload import Reloads
from models.reload_desk import Done, ReloadDesk
from models.served import ServedModel
from tests.fakes import served


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


class Shelf:
    """What a load finds: a model, or why there is none."""

    def __init__(self) -> None:
        self.found: ServedModel | ArtifactError = served()

    def load(self, name: str) -> ServedModel:
        if isinstance(self.found, ArtifactError):
            raise self.found
        return self.found


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ReloadDesk]:
    made = ReloadDesk(tmp_path)
    yield made
    shutil.rmtree(made.folder, ignore_errors=True)


@dataclass
class Serving:
    """A process that serves one model, or several."""

    shelf: Shelf
    registry: Registry
    reloads: Reloads
    told: list[str]


@pytest.fixture
def serve(desk: ReloadDesk) -> Iterator[Callable[..., Serving]]:
    begun = []

    def start(*names: str, is_prompt: bool = True, pid: int | None = None) -> Serving:
        shelf, told = Shelf(), list[str]()
        registry = Registry(names or ["resnet50"], shelf.load)
        reloads = Reloads(lambda: desk, registry, told.extend, is_prompt=is_prompt, clock=Clock())
        with pytest.MonkeyPatch.context() as other:
            if pid:
                other.setattr(os, "getpid", lambda: pid)
            reloads.start()
        registry.start()
        begun.append(reloads)
        return Serving(shelf, registry, reloads, told)

    yield start
    for each in begun:
        each.close()


Serve = Callable[..., Serving]


def ask(desk: ReloadDesk, *names: str) -> int:
    with desk.alone():
        return desk.ask(names).number


def test_a_newer_one_takes_the_place_when_it_is_asked_for_and_once(desk: ReloadDesk, serve: Serve) -> None:
    one = serve()
    one.shelf.found = newer = served()
    assert not one.reloads.due()
    number = ask(desk, "resnet50", "of another service")
    assert one.reloads.due()
    one.reloads.run()
    assert one.registry.get("resnet50") is newer
    (done,) = desk.living().values()
    assert (done.number, done.serves, done.outcomes) == (number, ("resnet50",), {"resnet50": ""})
    assert one.told == ["resnet50"]
    assert not one.reloads.due()


def test_one_that_is_no_good_leaves_the_old_one_and_says_why(desk: ReloadDesk, serve: Serve) -> None:
    one = serve()
    before = one.registry.get("resnet50")
    one.shelf.found = ArtifactError("it is damaged")
    ask(desk, "resnet50")
    assert one.reloads.due()
    one.reloads.run()
    assert one.registry.get("resnet50") is before
    assert one.registry.failures() == {}
    assert one.told == [], "the old one was asked nothing"
    (done,) = desk.living().values()
    assert done.outcomes == {"resnet50": "it is damaged"}


def test_one_that_had_failed_is_ready_again(desk: ReloadDesk, serve: Serve) -> None:
    one = serve()
    one.registry._load = one.shelf.load
    one.shelf.found = ArtifactError("it is damaged")
    one.registry.start()
    assert one.registry.failures()
    one.shelf.found = served()
    ask(desk, "resnet50")
    assert one.reloads.due()
    one.reloads.run()
    assert one.registry.failures() == {}


def test_models_are_reloaded_one_by_one_and_reported_together(desk: ReloadDesk, serve: Serve) -> None:
    one = serve("resnet50", "vgg16")
    number = ask(desk, "vgg16", "resnet50")
    assert one.reloads.due()
    one.reloads.run()
    assert [done.number for done in desk.living().values()] == [0], "a caller may come in between"
    assert one.reloads.due()
    one.reloads.run()
    assert [(done.number, done.outcomes) for done in desk.living().values()] == [
        (number, {"vgg16": "", "resnet50": ""})
    ]
    assert not one.reloads.due()


def test_one_process_reloads_while_the_others_serve(desk: ReloadDesk, serve: Serve) -> None:
    first, second = serve(pid=11), serve(pid=12)
    ask(desk, "resnet50")
    assert first.reloads.due()
    assert not second.reloads.due()
    first.reloads.run()
    assert second.reloads.due()
    second.reloads.run()
    assert not first.reloads.due()


def test_who_leaves_in_its_turn_gives_it_up(desk: ReloadDesk, serve: Serve) -> None:
    first, second = serve(pid=11), serve(pid=12)
    ask(desk, "resnet50")
    assert first.reloads.due()
    assert not second.reloads.due()
    first.reloads.close()
    assert second.reloads.due()


def test_another_request_does_not_let_two_reload_at_once(desk: ReloadDesk, serve: Serve) -> None:
    first, second = serve(pid=11), serve(pid=12)
    ask(desk, "resnet50")
    assert first.reloads.due()
    ask(desk, "resnet50")  # the one before was interrupted
    assert not second.reloads.due()


def test_a_folder_that_is_emptied_under_a_service_is_filled_again(desk: ReloadDesk, serve: Serve) -> None:
    one = serve()
    number = ask(desk, "resnet50")
    assert one.reloads.due()
    one.reloads.run()
    shutil.rmtree(desk.folder)
    assert not one.reloads.due()
    assert len(desk.living()) == 1
    assert ask(desk, "resnet50") > number, "the report of the first is no answer to the second"
    assert one.reloads.due()


def test_a_folder_that_was_emptied_does_not_let_a_number_come_again(desk: ReloadDesk, serve: Serve) -> None:
    web, worker = serve(pid=11), serve(is_prompt=False, pid=12)
    ask(desk, "resnet50")
    for each in (web, worker):
        assert each.reloads.due()
        each.reloads.run()
    shutil.rmtree(desk.folder)
    serve(pid=13)
    ask(desk, "resnet50")  # while the one that does jobs is not known again yet
    assert worker.reloads.due()


def test_the_folder_around_it_may_be_taken_away_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    around = tmp_path / "runtime"

    def folder() -> Path:
        around.mkdir(exist_ok=True)
        return around

    monkeypatch.setattr("models.reload_desk.runtime_folder", folder)
    reloads = Reloads(lambda: ReloadDesk(tmp_path), Registry([], Shelf().load), clock=Clock())
    reloads.start()
    shutil.rmtree(around)
    assert not reloads.due()
    assert ReloadDesk(tmp_path).living().keys() == {os.getpid()}
    reloads.close()


def test_who_begins_takes_away_what_the_killed_have_left(desk: ReloadDesk, serve: Serve) -> None:
    desk.folder.mkdir()
    (desk.folder / "999999.json").write_text('{"number": 0, "serves": []}')
    serve()
    assert [path.stem for path in desk.folder.glob("*.json")] == [str(os.getpid())]


def test_one_that_does_jobs_takes_no_turns(desk: ReloadDesk, serve: Serve) -> None:
    web, worker = serve(pid=11), serve(is_prompt=False, pid=12)
    ask(desk, "resnet50")
    assert web.reloads.due()
    assert worker.reloads.due(), "the next job gets what is newest"
    assert [done.is_prompt for _, done in sorted(desk.living().items())] == [True, False]


def test_who_serves_nothing_that_is_asked_for_says_so_at_once(desk: ReloadDesk, serve: Serve) -> None:
    one = serve()
    number = ask(desk, "of another service")
    assert not one.reloads.due()
    assert [(done.number, done.outcomes) for done in desk.living().values()] == [(number, {})]


def test_requests_are_counted_whatever_the_clock_does_and_asked_one_at_a_time(
    desk: ReloadDesk, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve()
    with desk.alone():
        monkeypatch.setattr("models.reload_desk.time.time_ns", lambda: 5)
        assert [desk.ask(("a",)).number, desk.ask(("b",)).number] == [5, 6]
        with pytest.raises(ArtifactError, match="another reload is under way"), desk.alone():
            pass
    with desk.alone():
        pass


def test_what_was_asked_before_it_began_does_not_concern_a_process(desk: ReloadDesk, serve: Serve) -> None:
    serve(pid=11)
    ask(desk, "resnet50")
    assert not serve(pid=12).reloads.due()
    assert len(desk.living()) == 2


def test_what_is_asked_while_it_loads_concerns_it(desk: ReloadDesk) -> None:
    shelf = Shelf()

    def load(name: str) -> ServedModel:
        ask(desk, "resnet50")
        return shelf.load(name)

    registry = Registry(["resnet50"], load)
    reloads = Reloads(lambda: desk, registry, clock=Clock())
    reloads.start()
    registry.start()
    assert reloads.due()
    reloads.close()


def test_a_process_that_is_gone_is_not_waited_for_and_leaves_nothing(desk: ReloadDesk, serve: Serve) -> None:
    desk.folder.mkdir()
    (desk.folder / "999999.json").write_text('{"number": 0, "serves": []}')
    assert desk.living() == {}
    assert list(desk.folder.iterdir()) == []
    serve().reloads.close()
    assert not desk.folder.exists()


def test_a_file_that_is_taken_for_a_dead_one_s_before_it_is_locked_is_made_again(
    desk: ReloadDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock, looks = fcntl.flock, list[dict[int, Done]]()

    def late(file: IO[str], how: int) -> None:
        if not looks:
            looks.append({})
            looks[0] = desk.living()  # takes it away
        lock(file, how)

    monkeypatch.setattr("models.reload_desk.fcntl.flock", late)
    file = desk.register(Done(number=0, serves=()))
    assert looks == [{}]
    assert desk.living().keys() == {os.getpid()}
    file.close()


def test_where_nothing_can_be_written_it_serves_and_can_not_be_asked(caplog: pytest.LogCaptureFixture) -> None:
    def full() -> ReloadDesk:
        raise OSError("No space left on device")

    reloads = Reloads(full, Registry([], Shelf().load), clock=Clock())
    reloads.start()
    assert not reloads.due()
    reloads.close()
    assert "can't be reloaded here, only at a start: No space left on device" in caplog.text
