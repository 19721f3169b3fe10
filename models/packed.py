"""Weights as XNNPACK packs them for this CPU, in a file that every process maps: built once, by one process.

They depend on the machine, so they lie apart from what is portable: in `machine/` beside the manifest, or, where that
can't be written (a read-only image), in a folder of ours under the runtime directory.
"""

import errno
import fcntl
import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from stat import S_ISDIR

from models.errors import ArtifactError
from models.file_record import FileRecord

log = logging.getLogger(__name__)

_SPACE_FACTOR = 1.2  # packed is 1.00 to 1.06 of the artifact (the four networks, float32 and int8)


def packed_weights(artifact: Path, sha256: str, build: Callable[[Path], None]) -> Path | None:
    """Return the file of packed weights for an artifact, made by *build* where this machine has none yet.

    None where nothing can be written: then every process packs for itself, which costs start-up time and memory.
    """
    name = f"{sha256[:16]}-{_machine()}.xnn"
    for place in _places(artifact):
        if _is_whole(place / name):
            return place / name
        try:
            return _built(place / name, artifact, build)
        except OSError as error:
            log.info("packed weights can't be kept in %s: %s", place, error)
    log.warning("packed weights can be kept nowhere: each worker packs %s for itself", artifact.name)
    return None


def runtime_folder() -> Path:
    """Return a folder for what lives as long as the machine runs: ours alone, in memory where /dev/shm is there.

    Raises: ArtifactError: there is no place for one.
    """
    folder = next(_runtime_folders(), None)
    if folder is None:
        raise ArtifactError("neither /dev/shm nor the folder for temporary files can be written")
    return folder


def _places(artifact: Path) -> Iterator[Path]:
    yield artifact.parent / "machine"
    yield from (folder / "packed" for folder in _runtime_folders())


def _runtime_folders() -> Iterator[Path]:
    for parent in ("/dev/shm", None):  # noqa: S108  # checked below: ours alone, no link
        try:
            folder = Path(parent or tempfile.gettempdir()) / f"triptych-{os.geteuid()}"
            folder.mkdir(mode=0o700, exist_ok=True)
            stat = folder.lstat()
        except OSError:  # gettempdir's too, where nothing at all can be written
            continue
        if S_ISDIR(stat.st_mode) and stat.st_uid == os.geteuid() and not stat.st_mode & 0o077:
            yield folder


def _need_space(place: Path, artifact: Path) -> None:
    needed = artifact.stat().st_size * _SPACE_FACTOR
    if shutil.disk_usage(place).free < needed:  # a container's /dev/shm has 64 MB; XNNPACK would fail half-way
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _built(path: Path, artifact: Path, build: Callable[[Path], None]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_whole(path):  # else another process built it while we waited
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            _need_space(path.parent, artifact)
            build(part)
            record = FileRecord.of(part)
            part.replace(path)
            path.with_suffix(".json").write_text(record.model_dump_json(), encoding="utf-8")
    return path


def discard_damaged(folder: Path) -> None:
    """Remove every file of packed weights beside the artifacts in *folder* whose content is not what was built."""
    for path in (folder / "machine").glob("*.xnn"):
        if not _is_whole(path, hashed=True):
            path.unlink()


def _is_whole(path: Path, *, hashed: bool = False) -> bool:
    """Say whether the file is the one that was built: a shorter one would crash whoever maps it."""
    try:
        record = FileRecord.model_validate_json(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return False
    return record.matches_hash(path) if hashed else record.matches(path)


@cache
def _machine() -> str:
    """Return a short name for what packing depends on: the CPU's instruction sets and LiteRT's version."""
    lines = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace").splitlines()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(f"{metadata.version('ai-edge-litert')} {flags}".encode()).hexdigest()[:12]
