import sys
from pathlib import Path

import pytest

from cli.progress import Progress
from models.photo_labels import LabelledPhoto
from models.plan import Job
from tests.unit.models.builds import MOBILENET


def show() -> None:
    progress = Progress()
    for done in (10, 500, 1000):
        progress.bytes("vgg16", done, 1000)
    for _ in progress.jobs([Job(MOBILENET, None)]):
        for step in ("build", "export", "convert", "quantise", "check", "judge", "hash"):
            progress.step(step)


def test_a_log_gets_a_line_for_each_thing_that_begins(capsys: pytest.CaptureFixture[str]) -> None:
    show()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "vgg16: downloading 1,000 bytes"
    assert lines[1:3] == ["mobilenetv2: build", "mobilenetv2: export"]
    assert lines[-1] == "prepared mobilenetv2 (1 of 1)"
    assert len(lines) == 9


def test_a_terminal_gets_one_bar_for_a_download_and_one_for_the_jobs(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show()
    shown = capsys.readouterr().err
    assert shown.count("\n") == 2  # each bar ends its own line, and only once
    assert "vgg16 download: 100%" in shown
    assert "mobilenetv2: hash: 100%" in shown


def test_photos_are_one_bar_with_the_time_to_go_or_ten_lines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = [LabelledPhoto(Path(f"{number}.jpg"), 0) for number in range(25)]
    assert list(Progress().photos(photos)) == photos
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10
    assert lines[-1] == "evaluated 25 of 25 photos, 0 s to go"
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    list(Progress().photos(photos))
    shown = capsys.readouterr().err
    assert shown.count("\n") == 1
    assert "evaluate: 100%" in shown


def test_the_time_to_go_is_that_of_what_is_done_since_it_was_gone_on_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter((0.0, 300.0))
    monkeypatch.setattr("cli.progress.time.monotonic", lambda: next(clock))
    progress = Progress()
    progress.share("epoch 7 of 12", 0.5)
    progress.share("epoch 8 of 12", 0.6)
    progress.close()
    assert capsys.readouterr().err.splitlines() == ["epoch 7 of 12: 50%", "epoch 8 of 12: 60%, 20 minutes to go"]


def test_a_course_is_told_when_what_it_does_changes_and_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress()
    for part in range(100):
        progress.share("teach", part / 100)
    progress.share("epoch 1 of 2", 0.25)
    progress.share("epoch 1 of 2", 0.26)
    progress.share("epoch 2 of 2", 0.5)
    progress.close()
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 10 + 2
    assert lines[0] == "teach: 0%"
    assert lines[-1] == "epoch 2 of 2: 50%, 0 minutes to go"
