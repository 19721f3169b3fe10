"""SHADOW_MODEL: a candidate is shown what was answered, and /metrics tells how it compares."""

from pathlib import Path

import pytest

from tests.e2e.server import run_flask, running, until
from tests.e2e.test_added import PHOTO, add
from tests.scraped import value


@pytest.mark.slow
def test_a_candidate_is_asked_after_the_answer_and_never_heard(own_files: Path, tmp_path: Path) -> None:
    for name, file in (("trees", "good.tflite"), ("oaks", "good.tflite")):
        status, said = add(tmp_path, own_files / file, name)
        assert status == 0, said
    settings = {"MODELS": "trees", "CACHE_DIR": str(tmp_path), "WORKERS": "1", "PRECISION": "float32"}
    with running(tmp_path / "log", **settings, SHADOW_MODEL="oaks", SHADOW_SHARE="1") as server:
        answer = server.predict(PHOTO, model="all").json()
        assert "oaks" not in str(answer)
        assert [model["name"] for model in server.get("/models").json()["models"]] == ["trees"]

        def compared() -> float:
            server.predict(PHOTO)  # again: who asks at once may be taken for one who waits
            return value(server.get("/metrics").text, "triptych_shadow_images_total", model="oaks", outcome="agreed")

        until(lambda: compared() >= 1, "a comparison")
        assert value(server.get("/metrics").text, "triptych_shadow_inference_duration_seconds_count", model="oaks") >= 1
        assert value(server.get("/metrics").text, "triptych_predictions_total", model="oaks") == 0


def test_one_that_is_served_or_unknown_is_refused(tmp_path: Path) -> None:
    for name, says in (("vgg16", "it is served"), ("oaks", "is no network that README lists, and was not added")):
        done = run_flask("models", "list", MODELS="vgg16", SHADOW_MODEL=name, CACHE_DIR=str(tmp_path))
        assert done.returncode == 1
        assert f"SHADOW_MODEL={name}" in done.stderr
        assert says in done.stderr
