"""The folder client against the live service: by requests, by jobs, killed, interrupted."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from PIL import Image

from tests.conftest import ROOT
from tests.e2e.job_parts import parts
from tests.e2e.server import Server, until

PHOTOS = 24
MANY, SIZE = 2000, (200, 260)
STOPS = [signal.SIGKILL, signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def photos(shared: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for path in sorted((shared / "photos").glob("*.JPEG"))[:PHOTOS]:
        shutil.copy(path, folder)
    return folder


def command(url: str, photos: Path, out: Path, *options: str) -> list[str]:
    client = [sys.executable, str(ROOT / "clients/triptych_client.py"), "classify", str(photos)]
    return [*client, "--url", url, "--out", str(out), "--jobs", "2", *options]


def classify(url: str, photos: Path, out: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(url, photos, out, *options), capture_output=True, text=True, check=False)


def one_by_one(client_of: Server, photos: Path) -> dict[str, object]:
    answers = {path.name: client_of.predict(path.read_bytes()).json() for path in sorted(photos.iterdir())}
    return {name: answer["results"] for name, answer in answers.items()}


def kept(out: Path) -> dict[str, object]:
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    found = {line["file"]: line["results"] for line in lines}
    assert len(found) == len(lines), "a photo twice"
    return found


def test_results_are_those_of_requests_one_by_one(real: Server, photos: Path, tmp_path: Path) -> None:
    ran = classify(real.url, photos, tmp_path / "out.jsonl")
    assert ran.returncode == 0, ran.stderr
    assert kept(tmp_path / "out.jsonl") == one_by_one(real, photos)


def test_several_models_and_their_ensemble_have_a_row_each(four: Server, photos: Path, tmp_path: Path) -> None:
    photo = min(photos.iterdir())
    ran = classify(four.url, photo, tmp_path / "out.csv", "--model", "mobilenetv2,resnet50")
    assert ran.returncode == 0, ran.stderr
    with (tmp_path / "out.csv").open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["mobilenetv2", "resnet50", "ensemble"]


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop.name)
def test_a_run_that_was_stopped_is_gone_on_with(
    real: Server, photos: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    out = tmp_path / "out.jsonl"
    with subprocess.Popen(command(real.url, photos, out), stderr=subprocess.DEVNULL) as process:
        until(lambda: out.exists() and out.read_bytes().count(b"\n") > 1, "no result came")
        os.kill(process.pid, stop)
        status = process.wait()
    assert status == (-stop if stop is signal.SIGKILL else 130)
    assert out.read_bytes().count(b"\n") < PHOTOS, "it had ended before"
    ran = classify(real.url, photos, out)
    assert ran.returncode == 0, ran.stderr
    assert kept(out) == one_by_one(real, photos)


def test_one_corrupt_photo_is_named_and_spoils_no_other(real: Server, photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"\xff\xd8 no photo")
    ran = classify(real.url, photos, tmp_path / "out.jsonl")
    assert ran.returncode == 1
    assert any(line.startswith("bad.jpg: ") for line in ran.stderr.splitlines())
    assert len(kept(tmp_path / "out.jsonl")) == PHOTOS


@pytest.mark.slow
def test_jobs_give_what_requests_give(small_cache: Path, photos: Path, tmp_path: Path) -> None:
    (photos / "bad.jpg").write_bytes(b"\xff\xd8 no photo")
    with parts(tmp_path, small_cache) as service:
        for via in ("predict", "jobs"):
            ran = classify(service.url, photos, tmp_path / f"{via}.jsonl", "--via", via, "--job-size", "5")
            assert ran.returncode == 1, ran.stderr
            assert "bad.jpg: " in ran.stderr
    assert kept(tmp_path / "jobs.jsonl") == kept(tmp_path / "predict.jsonl")
    assert len(kept(tmp_path / "jobs.jsonl")) == PHOTOS


def many(shared: Path, folder: Path) -> Path:
    """Other crops of the same photos, MANY of them, all different."""
    folder.mkdir()
    originals = sorted((shared / "photos").glob("*.JPEG"))
    for number in range(MANY):
        turn, place = divmod(number, len(originals))
        with Image.open(originals[place]) as image:
            box = (turn, turn, image.width - 2 * turn, image.height - turn)
            image.convert("RGB").crop(box).resize(SIZE).save(folder / f"{number:04}.jpg", quality=80)
    return folder


@pytest.mark.slow
def test_two_thousand_photos_get_the_same_results_by_requests_by_jobs_and_one_by_one(
    real_cache: Path, shared: Path, tmp_path: Path
) -> None:
    photos, took_s = many(shared, tmp_path / "many"), {}
    with parts(tmp_path, real_cache, WEIGHTS="imagenet") as service:
        for via in ("predict", "jobs"):
            start = time.monotonic()
            ran = classify(service.url, photos, tmp_path / f"{via}.jsonl", "--via", via, "--jobs", "8")
            took_s[via] = time.monotonic() - start
            assert ran.returncode == 0, ran.stderr
        expected = {}
        for photo in sorted(photos.iterdir()):
            files = {"file": (photo.name, photo.read_bytes())}
            expected[photo.name] = requests.post(f"{service.url}/predict", files=files, timeout=60).json()["results"]
    assert len({json.dumps(results) for results in expected.values()}) > MANY * 0.9, "they should differ"
    assert kept(tmp_path / "predict.jsonl") == expected
    assert kept(tmp_path / "jobs.jsonl") == expected
    print({f"{via}: {MANY / seconds:.0f} photos a second" for via, seconds in took_s.items()})
