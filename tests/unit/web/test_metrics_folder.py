"""One folder a master: ours alone, held while it lives, removed when it is gone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from models import machine
from tests.conftest import ROOT
from web import metrics_folder

HOLD = (
    "import sys; from pathlib import Path; from web import metrics_folder as f; "
    "f.claim(Path(sys.argv[1])); print(flush=True); input()"
)


def test_a_folder_is_held_while_its_master_lives_and_removed_by_the_next(tmp_path: Path) -> None:
    mine, other = tmp_path / "metrics/1-1", tmp_path / "metrics/2-2"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(other)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        process.stdout.readline()
        metrics_folder.claim(mine)
        assert other.is_dir(), "held"
        process.kill()
        process.wait()
    metrics_folder.claim(tmp_path / "metrics/3-3")
    assert sorted(os.listdir(mine.parent)) == ["1-1", "3-3"]
    assert mine.stat().st_mode & 0o777 == 0o700


def test_what_is_no_folder_or_goes_in_that_moment_stops_no_start(tmp_path: Path) -> None:
    parent = tmp_path / "metrics"
    parent.mkdir()
    (parent / "stray").touch()
    (parent / "gone").symlink_to("nowhere")
    metrics_folder.claim(parent / "1-1")
    assert sorted(os.listdir(parent)) == ["1-1", "gone", "stray"]


ENDS = """
import os, sys
from web import metrics_folder
folder = metrics_folder.of_this_process()
assert folder == metrics_folder.of_this_process()
assert folder.is_dir()
if not os.fork():
    sys.exit()
os.wait()
assert folder.is_dir()
print(folder)
"""


def test_it_goes_with_the_process_that_made_it_and_not_with_a_child() -> None:
    done = subprocess.run([sys.executable, "-c", ENDS], cwd=ROOT, capture_output=True, text=True, check=True)
    folder = Path(done.stdout.strip())
    assert folder.parent == machine.runtime_folder() / "metrics"
    assert not folder.exists()


def test_where_there_is_no_place_the_start_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([]))
    with pytest.raises(SystemExit, match="/dev/shm"):
        metrics_folder.of_this_process()
