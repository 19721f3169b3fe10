import os
import shutil
import tempfile
import threading
from pathlib import Path

import pytest

from models import machine, packed
from models.errors import ArtifactError
from models.packed import packed_weights

SHA = "ab" * 32


class Builder:
    """Stands for XNNPACK packing: writes a file, counts how often."""

    def __init__(self) -> None:
        self.built = 0

    def __call__(self, part: Path) -> None:
        self.built += 1
        part.write_bytes(b"packed" * 1000)


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    path = tmp_path / "model/int8.tflite"
    path.parent.mkdir()
    path.write_bytes(b"model")
    return path


def test_weights_are_packed_once_beside_the_artifact(artifact: Path) -> None:
    build = Builder()
    first, second = (packed_weights(artifact, SHA, build) for _ in range(2))
    assert first == second
    assert first is not None
    assert first.parent == artifact.parent / "machine"
    assert build.built == 1


def test_many_at_once_build_once(artifact: Path) -> None:
    build = Builder()
    threads = [threading.Thread(target=packed_weights, args=(artifact, SHA, build)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert build.built == 1


def test_a_cut_file_is_never_mapped_but_built_anew(artifact: Path) -> None:
    build = Builder()
    path = packed_weights(artifact, SHA, build)
    assert path is not None
    os.truncate(path, 100)
    assert packed_weights(artifact, SHA, build) == path
    assert path.stat().st_size == 6000
    assert build.built == 2


def test_another_machine_packs_for_itself(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Builder()
    here = packed_weights(artifact, SHA, build)
    monkeypatch.setattr(packed, "instructions_name", lambda: "other-cpu")
    there = packed_weights(artifact, SHA, build)
    assert here != there
    assert build.built == 2


def test_where_the_cache_is_read_only_the_runtime_folder_is_used(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (artifact.parent / "machine").write_text("a file, so that no folder can be made here, even by root")
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([tmp_path / "run"]))
    path = packed_weights(artifact, SHA, Builder())
    assert path is not None
    assert path.parent == tmp_path / "run/packed"


def test_where_nothing_can_be_written_it_goes_on_without(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    (artifact.parent / "machine").write_text("")
    (tmp_path / "run").write_text("")
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([tmp_path / "run"]))
    assert packed_weights(artifact, SHA, Builder()) is None
    assert "packs int8.tflite for itself" in caplog.text


def test_a_place_without_room_is_passed_over(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = artifact.parent / "machine"
    room = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room._replace(free=0) if Path(path) == full else room)
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([tmp_path / "run"]))
    path = packed_weights(artifact, SHA, Builder())
    assert path is not None
    assert path.parent == tmp_path / "run/packed"


def test_the_runtime_folder_is_ours_alone() -> None:
    folder = machine.runtime_folder()
    assert folder.stat().st_uid == os.geteuid()
    assert folder.stat().st_mode & 0o077 == 0


def test_where_there_is_no_folder_for_temporary_files_shared_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError("no usable temporary directory")

    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    if not os.access("/dev/shm", os.W_OK):
        pytest.skip("needs a writable /dev/shm")
    assert machine.runtime_folder().parent == Path("/dev/shm")


def test_verify_discards_packed_weights_with_a_flipped_bit(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Builder()
    path = packed_weights(artifact, SHA, build)
    assert path is not None
    packed.discard_damaged(artifact.parent)
    assert path.exists()
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[50] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with monkeypatch.context() as read_only:
        read_only.setattr(Path, "unlink", lambda *_: (_ for _ in ()).throw(PermissionError(13, "read-only")))
        with pytest.raises(ArtifactError, match=r"damaged and can't be removed \(read-only\)"):
            packed.discard_damaged(artifact.parent)
    packed.discard_damaged(artifact.parent)
    assert not path.exists()


def test_what_an_earlier_layout_packed_is_removed(artifact: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Builder()
    monkeypatch.setattr(packed, "_LAYOUT", 2)
    old = packed_weights(artifact, SHA, build)
    other = packed_weights(artifact, "cd" * 32, build)
    monkeypatch.setattr(packed, "_LAYOUT", 3)
    new = packed_weights(artifact, SHA, build)
    assert old is not None
    assert not old.exists()
    assert all(each is not None and each.exists() for each in (other, new))
    assert not old.with_suffix(".json").exists()
