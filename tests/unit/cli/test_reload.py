"""What the command `models reload` asks for, waits for and says."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli.reload import reload_command
from models.errors import ArtifactError, WeightsMissing
from models.plan import WeightsMode
from models.prepared import PreparedModels
from models.registry import Registry
from models.reload import Reloads
from models.reload_desk import ReloadDesk
from models.served import ServedModel
from models.store import Store
from tests.fakes import served

MISSING, DAMAGED = WeightsMissing("get them there"), ArtifactError("it is damaged")


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Result]:
    """Give the command; what it loads itself is good, unless said otherwise by name."""

    def asked(*names: str, bad: dict[str, Exception] | None = None) -> Result:
        def load(name: str) -> ServedModel:
            if bad and name in bad:
                raise bad[name]
            return served()

        prepared = PreparedModels(Store(tmp_path), ("resnet50", "vgg16"), WeightsMode.IMAGENET)
        return CliRunner().invoke(reload_command(prepared, load, lambda _: None), list(names))

    return asked


Ask = Callable[..., Result]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Be a process that serves *names*, at whose side loading gives *found*."""
    ended, threads, begun = threading.Event(), list[threading.Thread](), list[Reloads]()

    def start(*names: str, found: Exception | None = None, is_prompt: bool = True) -> None:
        def load(name: str) -> ServedModel:
            if found and begun:
                raise found
            return served()

        registry = Registry(names, load)
        reloads = Reloads(lambda: ReloadDesk(tmp_path), registry, is_prompt=is_prompt)
        reloads.start()
        registry.start()
        begun.append(reloads)

        def loop() -> None:
            while not ended.wait(0.01):
                if reloads.due():
                    reloads.run()

        if is_prompt:
            threads.append(threading.Thread(target=loop))
            threads[-1].start()

    yield start
    ended.set()
    for thread in threads:
        thread.join()
    for reloads in begun:
        reloads.close()


Serve = Callable[..., None]


def test_all_that_is_served_is_reloaded_but_what_has_no_weights(ask: Ask, serve: Serve) -> None:
    serve("resnet50", "vgg16")
    done = ask(bad={"vgg16": MISSING})
    assert done.exit_code == 0
    assert done.output.endswith(": resnet50 reloaded\n")
    assert "vgg16" not in done.output


def test_what_was_added_needs_not_stand_in_models_here(ask: Ask, serve: Serve) -> None:
    serve("trees")
    assert "trees reloaded" in ask("Trees").output


@pytest.mark.parametrize(
    ("names", "bad", "says"),
    [
        (("oak",), {}, "oak: served by no process here; served are resnet50, vgg16"),
        (("vgg16",), {"vgg16": MISSING}, "vgg16 has no weights, and what is served stays"),
        ((), {"vgg16": MISSING, "resnet50": MISSING}, "none of what is served has weights"),
        ((), {"vgg16": DAMAGED}, "vgg16 can't be served, and what is served stays: it is damaged"),
    ],
)
def test_what_can_not_be_reloaded_is_refused_before_anybody_is_asked(
    ask: Ask, serve: Serve, *, names: tuple[str, ...], bad: dict[str, Exception], says: str, tmp_path: Path
) -> None:
    serve("resnet50", "vgg16")
    done = ask(*names, bad=bad)
    assert (done.exit_code, says in done.output) == (1, True), done.output
    assert ReloadDesk(tmp_path).asked().number == 0


def test_a_folder_that_can_not_be_written_is_told_in_one_line(
    ask: Ask, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve("resnet50")

    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("models.reload_desk.ReloadDesk.ask", full)
    done = ask()
    assert (done.exit_code, done.output) == (1, "No space left on device\n")


def test_without_a_service_it_says_so(ask: Ask) -> None:
    done = ask()
    assert (done.exit_code, "no process on this machine serves" in done.output) == (1, True)


def test_a_process_that_can_not_take_it_makes_the_command_fail(ask: Ask, serve: Serve) -> None:
    serve("resnet50", found=DAMAGED)
    done = ask()
    assert done.exit_code == 1
    assert "resnet50 stays as it was: it is damaged" in done.output


def test_a_process_that_waits_for_jobs_is_not_waited_for(ask: Ask, serve: Serve) -> None:
    serve("resnet50", is_prompt=False)
    done = ask()
    assert done.exit_code == 0
    assert "resnet50 before its next job" in done.output


def test_one_at_a_time(ask: Ask, serve: Serve, tmp_path: Path) -> None:
    serve("resnet50")
    with ReloadDesk(tmp_path).alone():
        done = ask()
    assert (done.exit_code, "another reload is under way" in done.output) == (1, True)
