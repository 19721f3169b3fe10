import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import ArtifactError
from models.registry import Registry
from models.reload import Reloads
from models.reload_desk import ReloadDesk
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


def serving(desk: ReloadDesk) -> tuple[Shelf, Registry, Reloads]:
    shelf = Shelf()
    registry = Registry(["resnet50"], shelf.load)
    registry.start()
    return shelf, registry, Reloads(lambda: desk, registry, clock=Clock())


def test_a_newer_one_takes_the_place_when_it_is_asked_for_and_once(desk: ReloadDesk) -> None:
    shelf, registry, reloads = serving(desk)
    shelf.found = newer = served()
    assert not reloads.due()
    asked = desk.ask(("resnet50", "of another service"))
    assert reloads.due()
    reloads.run()
    assert registry.get("resnet50") is newer
    (done,) = desk.living().values()
    assert (done.number, done.outcomes) == (asked.number, {"resnet50": ""})
    assert not reloads.due()
    reloads.close()


def test_one_that_is_no_good_leaves_the_old_one_and_says_why(desk: ReloadDesk) -> None:
    shelf, registry, reloads = serving(desk)
    before = registry.get("resnet50")
    shelf.found = ArtifactError("it is damaged")
    desk.ask(("resnet50",))
    assert reloads.due()
    reloads.run()
    assert registry.get("resnet50") is before
    assert registry.failures() == {}
    (done,) = desk.living().values()
    assert done.outcomes == {"resnet50": "it is damaged"}
    reloads.close()


def test_one_that_had_failed_is_ready_again(desk: ReloadDesk) -> None:
    shelf = Shelf()
    shelf.found = ArtifactError("it is damaged")
    registry = Registry(["resnet50"], shelf.load)
    registry.start()
    assert registry.failures()
    reloads = Reloads(lambda: desk, registry, clock=Clock())
    shelf.found = served()
    desk.ask(("resnet50",))
    assert reloads.due()
    reloads.run()
    assert registry.failures() == {}
    reloads.close()


def test_what_was_asked_before_it_began_does_not_concern_a_process(desk: ReloadDesk) -> None:
    desk.ask(("resnet50",))
    _, _, reloads = serving(desk)
    assert not reloads.due()
    assert len(desk.living()) == 1
    reloads.close()


def test_a_process_that_is_gone_is_not_waited_for_and_leaves_nothing(desk: ReloadDesk) -> None:
    (desk.folder / "999999.json").write_text('{"number": 0, "outcomes": {}}')
    assert desk.living() == {}
    assert list(desk.folder.iterdir()) == []
    _, _, reloads = serving(desk)
    reloads.close()
    assert not desk.folder.exists()


def test_where_nothing_can_be_written_it_serves_and_can_not_be_asked(caplog: pytest.LogCaptureFixture) -> None:
    def full() -> ReloadDesk:
        raise OSError("No space left on device")

    reloads = Reloads(full, Registry([], Shelf().load), clock=Clock())
    assert not reloads.due()
    reloads.close()
    assert "can't be reloaded here, only at a start: No space left on device" in caplog.text
