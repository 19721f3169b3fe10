"""`models tune` on a real service, and a start with what it wrote."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.e2e.server import environment, run_flask, running
from tests.pictures import encode, photo_like

FEW = ("--workers", "1", "--threads", "1", "--precisions", "float32", "--seconds", "0.2")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    for number, side in enumerate((200, 300)):
        (tmp_path / f"photos/{number}.jpg").write_bytes(encode(photo_like(side, 300), "JPEG"))
    (tmp_path / "photos/broken.jpg").write_bytes(b"no picture")
    return tmp_path / "photos"


@pytest.fixture
def settings(copied_cache: Path) -> dict[str, str]:
    return {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(copied_cache)}


def test_tune_writes_settings_that_a_start_serves_with(photos: Path, settings: dict[str, str], tmp_path: Path) -> None:
    written = tmp_path / "triptych.env"
    written.write_text("PORT=1\nPRECISION=int8\n# mine\n")
    arguments = ("models", "tune", str(photos), "--p99", "60000", "--output", str(written), *FEW)
    result = run_flask(*arguments, **settings)
    assert result.returncode == 0, result.stderr
    assert "broken.jpg" in result.stdout
    assert re.search(r"^>\* +1 +1  float32 ", result.stdout, re.MULTILINE)
    lines = written.read_text().splitlines()
    settled = ["PORT=1", "WORKERS=1", "THREADS=1", "PRECISION=float32", "# mine"]
    assert [line for line in lines if "tune:" not in line] == settled
    assert "p99 at most 60000 ms" in written.read_text()
    with running(tmp_path / "log", SETTINGS_FILE=str(written), **settings) as server:  # its PORT=0 wins over the file's
        assert server.get("/models/mobilenetv2").json()["precision"] == "float32"
        assert len(server.workers(1)) == 1
        log = (tmp_path / "log").read_text()
    assert log.count(f"Settings from {written}") == 1


@pytest.mark.slow
def test_a_target_that_nothing_meets_writes_nothing(photos: Path, settings: dict[str, str], tmp_path: Path) -> None:
    written = tmp_path / "triptych.env"
    result = run_flask("models", "tune", str(photos), "--p99", "0.001", "--output", str(written), *FEW, **settings)
    assert result.returncode == 1
    assert "Nearest: WORKERS=1 THREADS=1 PRECISION=float32: p99" in result.stderr
    assert not written.exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_interrupted_tune_leaves_no_service_behind(
    photos: Path, settings: dict[str, str], number: signal.Signals
) -> None:
    flask = [sys.executable, "-m", "flask", "--app", "app", "models", "tune", str(photos), "--seconds", "60"]
    command = ["env", "--default-signal=INT", *flask]  # a shell that runs us in the background has it ignored
    with subprocess.Popen(command, cwd=ROOT, env=environment(**settings), stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        while "default:" not in process.stderr.readline():  # from here on a service is being started
            pass
        child = _child(process.pid)
        process.send_signal(number)
        process.communicate(timeout=60)
    assert process.returncode
    deadline = time.monotonic() + 60
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"  # nobody may collect orphans
    except OSError:
        return False


def _child(pid: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if found := Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            return int(found[0])
        time.sleep(0.02)
    raise AssertionError("no service was started")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--threads", "3"), "--threads: not a power of two: 3"),
        (("--workers", "0"), "not a list of numbers"),
        (("--precisions", "int4"), "int4 can't be served; float32, float16, int8 can"),
        (("--model", "vgg16"), "'vgg16' is not 'mobilenetv2'"),
    ],
)
def test_a_search_that_can_t_be_made_is_refused(
    photos: Path, settings: dict[str, str], options: tuple[str, ...], says: str
) -> None:
    result = run_flask("models", "tune", str(photos), *options, **settings)
    assert result.returncode == 2
    assert says in result.stderr


def test_a_folder_without_photos_is_named(tmp_path: Path, settings: dict[str, str]) -> None:
    result = run_flask("models", "tune", str(tmp_path / "absent"), **settings)
    assert result.returncode == 1
    assert "absent is no folder" in result.stderr
