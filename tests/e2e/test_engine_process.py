"""ENGINE=keras: one engine process for all workers. It is killed, reloaded, told to end; callers get true answers."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.e2e.callers import calling
from tests.e2e.server import Server, run_flask, running, until
from tests.e2e.test_added import PHOTO, add
from tests.e2e.test_reload import all_listen
from tests.scraped import value

pytestmark = pytest.mark.slow

WORKERS, CALLERS = 4, 8
NEWS = "trees is ready now"  # what a worker says of a model that came later


@pytest.fixture
def cache(own_files: Path, tmp_path: Path) -> Path:
    """A CACHE_DIR with a model that Keras can load."""
    assert add(tmp_path, own_files / "good.keras")[0] == 0
    return tmp_path


@pytest.fixture
def settings(cache: Path) -> dict[str, str]:
    return {"MODELS": "trees", "CACHE_DIR": str(cache), "ENGINE": "keras", "WORKERS": str(WORKERS)}


@pytest.fixture
def server(settings: dict[str, str], cache: Path) -> Iterator[Server]:
    with running(cache / "log", **settings) as found:
        found.workers(WORKERS + 1)
        until(lambda: found.get("/readyz").status_code == 200, "ready")
        yield found


def engine_of(server: Server) -> int:
    """The pid of its engine process."""
    children = server.workers(WORKERS + 1)
    commands = {child: Path(f"/proc/{child}/cmdline").read_bytes() for child in children}
    (engine,) = [child for child, command in commands.items() if b"wiring_engine" in command]
    return engine


def is_ready(server: Server) -> bool:
    """What ten probes say, with one voice."""
    return {server.get("/readyz").status_code for _ in range(10)} == {200}


def answer(server: Server) -> dict[str, float]:
    return {each["id"]: each["prob"] for each in server.predict(PHOTO, top="5").json()["results"]}


def test_an_engine_that_is_killed_under_load_costs_its_batch_and_comes_back(server: Server) -> None:
    before, first = answer(server), engine_of(server)
    with calling(f"{server.url}/predict", PHOTO, CALLERS) as callers:
        until(lambda: callers.fates[200] > 100, "load")
        assert set(callers.fates) == {200}
        os.kill(first, signal.SIGKILL)
        until(lambda: callers.fates[503] > 0, "somebody is told")
        refused = server.get("/readyz")
        assert (refused.status_code, refused.json()["reasons"]) == (
            503, {"trees": "its engine is away: it is being started, or loads the model"}
        )  # fmt: skip
        until(lambda: is_ready(server), "it comes back")
        served = callers.fates[200]
        until(lambda: callers.fates[200] > served + 100, "load again")
    assert set(callers.fates) == {200, 503}, callers.fates
    assert engine_of(server) != first
    assert answer(server) == pytest.approx(before, abs=1e-6)
    text = server.get("/metrics").text
    assert value(text, "triptych_engine_deaths_total") == 1
    assert value(text, "triptych_ring_slots", state="all") == WORKERS * 32
    told = [event for event in server.events("request") if event.get("status") == 503 and event["path"] == "/predict"]
    assert {event["code"] for event in told} == {"not_ready"}
    assert max(event["total_ms"] for event in told) < 5000, "nobody waits for a deadline"


def test_what_runs_together_is_counted(server: Server) -> None:
    files = [("file", (f"{number}.jpg", PHOTO)) for number in range(16)]
    entries = requests.post(f"{server.url}/predict", files=files, timeout=60).json()["predictions"]
    assert len({str(entry["results"]) for entry in entries}) == 1
    text = server.get("/metrics").text
    images = value(text, "triptych_batch_images_sum", model="trees")
    assert images == value(text, "triptych_predictions_total", model="trees") + WORKERS, "each asked for a known answer"
    assert value(text, "triptych_batch_images_count", model="trees") < images, "some ran together"
    assert value(text, "triptych_batch_largest", model="trees") == 8
    assert value(text, "triptych_batch_duration_seconds_count", model="trees", part="compute") > 0


def test_a_newer_build_comes_in_while_callers_call(
    server: Server, settings: dict[str, str], cache: Path, own_files: Path
) -> None:
    all_listen(cache, WORKERS)
    before, engine = answer(server), engine_of(server)
    assert add(cache, own_files / "newer.keras")[0] == 0
    with calling(f"{server.url}/predict", PHOTO, CALLERS) as callers:
        until(lambda: callers.fates[200] > 50, "load")
        done = run_flask("models", "reload", **settings)
        assert (done.returncode, done.stdout.count("trees reloaded")) == (0, WORKERS), done.stdout + done.stderr
    assert set(callers.fates) == {200}, callers.fates
    assert answer(server) != pytest.approx(before, abs=1e-3)
    assert engine_of(server) == engine
    assert "a build that nobody holds is unloaded" in server.log.read_text()


def test_an_engine_that_ends_after_a_newer_build_was_made_comes_back_with_that(
    server: Server, cache: Path, own_files: Path
) -> None:
    before = answer(server)
    assert add(cache, own_files / "newer.keras")[0] == 0
    told = server.log.read_text().count(NEWS)
    os.kill(engine_of(server), signal.SIGKILL)  # what its workers hold is gone from the disk
    # Nobody calls meanwhile: each worker finds out by itself.
    until(lambda: server.log.read_text().count(NEWS) == told + WORKERS, "each has the newer one")
    answers = [answer(server) for _ in range(4 * WORKERS)]
    assert answers == [pytest.approx(answers[0], abs=1e-6)] * len(answers)
    assert answers[0] != pytest.approx(before, abs=1e-3)


def test_hup_keeps_the_engine_and_refuses_what_it_can_not_follow(
    settings: dict[str, str], cache: Path, tmp_path: Path
) -> None:
    file = tmp_path / "triptych.env"
    file.write_text("MAX_BATCH=4\n")
    with running(cache / "log", **settings, SETTINGS_FILE=str(file)) as server:
        engine = engine_of(server)
        file.write_text("MAX_BATCH=2\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: "MAX_BATCH or BATCH_WAIT_MS needs a restart" in server.log.read_text(), "it is refused")
        file.write_text("MAX_BATCH=4\nRESIZE=squash\n")
        workers = server.workers(WORKERS + 1)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: server.workers(WORKERS + 1) & workers == {engine}, "other workers, the same engine")
        assert server.predict(PHOTO).status_code == 200
        assert server.get("/models").json()["accepts"]["resize"] == "squash"
    until(lambda: not Path(f"/proc/{engine}").exists(), "it ends with the service")


def test_an_engine_does_not_outlive_a_master_that_is_killed(settings: dict[str, str], cache: Path) -> None:
    with running(cache / "log", **settings) as server:
        engine = engine_of(server)
        server.process.kill()
        until(lambda: not Path(f"/proc/{engine}").exists(), "it ends")


def test_a_model_that_keras_can_not_load_is_named_by_every_probe(
    own_files: Path, settings: dict[str, str], tmp_path: Path
) -> None:
    assert add(tmp_path, own_files / "good.tflite")[0] == 0
    with running(tmp_path / "log", **settings) as server:
        refused = server.get("/readyz")
        assert refused.status_code == 503
        assert "came as a file for LiteRT" in refused.json()["reasons"]["trees"]
        assert server.predict(PHOTO).status_code == 503
