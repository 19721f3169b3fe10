"""An image that is the end of whoever works on it: it spoils its own entry only, and waits for the operator."""

import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import requests

from tests.e2e.deadly import FATE
from tests.e2e.job_parts import Part, Parts, parts
from tests.e2e.job_stream import FINAL, job
from tests.e2e.server import STOP_S, run_flask, until
from tests.pictures import encode

BLACK = encode(np.zeros((40, 40, 3), np.uint8), "PNG")
WHITE = encode(np.full((40, 40, 3), 255, np.uint8), "PNG")
DEADLY_AT = 5
IMAGES = [BLACK if index == DEADLY_AT else WHITE for index in range(40)]  # three chunks, the first of them with it


def submit(them: Parts) -> str:
    files = [("file", (f"{index}.png", image)) for index, image in enumerate(IMAGES)]
    return str(requests.post(f"{them.url}/jobs", files=files, timeout=60).json()["id"])


def ended(them: Parts, job_id: str) -> dict[str, Any]:
    until(lambda: job(them.url, job_id).get("state") in FINAL, "the job was lost", patience_s=150)
    return job(them.url, job_id)


def labels(found: dict[str, Any]) -> list[str]:
    return [entry["results"][0]["class"] if "results" in entry else entry["code"] for entry in found["predictions"]]


@pytest.mark.slow
def test_it_is_given_up_after_three_and_tried_again_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FATE, "kill")
    with parts(tmp_path, tmp_path, application="tests.e2e.deadly:make()", JOB_LEASE_S="2", PREPARE="never") as them:
        job_id = submit(them)
        found = ended(them, job_id)
        expected = ["golden_retriever"] * len(IMAGES)
        assert found["state"] == "failed"
        assert labels(found) == [*expected[:DEADLY_AT], "internal_error", *expected[DEADLY_AT + 1 :]]
        listed = run_flask("jobs", "dead", REDIS_URL=them.redis_url)
        assert f"{DEADLY_AT} '{DEADLY_AT}.png'" in listed.stdout
        assert job_id in listed.stdout

        for worker in them.workers:  # mended
            worker.environ = {name: value for name, value in worker.environ.items() if name != FATE}
            worker.signal(signal.SIGTERM)
            worker.revive()
        told = run_flask("jobs", "retry", job_id, REDIS_URL=them.redis_url)
        assert told.returncode == 0, told.stderr
        found = ended(them, job_id)
        assert found["state"] == "done"
        assert labels(found) == [*expected[:DEADLY_AT], "tench", *expected[DEADLY_AT + 1 :]]
        assert not run_flask("jobs", "dead", REDIS_URL=them.redis_url).stdout


@pytest.mark.slow
def test_a_process_that_hangs_is_ended_and_its_images_go_to_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FATE, str(tmp_path / "hung"))
    with parts(tmp_path, tmp_path, application="tests.e2e.deadly:make()", JOB_LEASE_S="60", PREPARE="never") as them:
        found = ended(them, submit(them))
        assert (tmp_path / "hung").exists()
        assert found["state"] == "done"
        assert labels(found)[DEADLY_AT] == "tench"


@pytest.mark.parametrize("fate", [pytest.param("broken", marks=pytest.mark.slow), "unloadable"])
def test_a_worker_that_is_not_sound_ends_and_leaves_all_to_others(tmp_path: Path, fate: str) -> None:
    """It would be the quickest: it takes what it fails at, and gives good images up."""
    with parts(tmp_path, tmp_path, hosts=[()], application="tests.e2e.deadly:make()", PREPARE="never") as them:
        (sound,) = them.workers
        unsound = replace(sound, name="unsound", environ={**sound.environ, FATE: fate}, log=tmp_path / "unsound.log")
        sound.signal(signal.SIGSTOP)  # so that the other is first
        job_id = submit(them)
        assert status_of(unsound) == 1
        sound.signal(signal.SIGCONT)
        found = ended(them, job_id)
        assert found["state"] == "done"
        assert set(labels(found)) == {"golden_retriever", "tench"}
        assert "this worker ends" in unsound.log.read_text()


def status_of(part: Part) -> int:
    """Start it, and wait until it ends by itself."""
    part.start()
    try:
        assert part.process is not None
        return part.process.wait(STOP_S)
    finally:
        part.stop()
