"""Weights as XNNPACK packs them for this CPU, in a file that every process maps: built once, by one process."""

import errno
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from models.errors import ArtifactError
from models.file_record import FileRecord
from models.machine import BESIDE, instructions_name, machine_folders, made_once

log = logging.getLogger(__name__)

# Raised when the options of engine_litert.py, or those that engines.py packs with, change how weights are packed: what
# doesn't fit is packed again.
_LAYOUT = 3
_SPACE_FACTOR = 1.2  # packed is 1.00 to 1.06 of the artifact (the four networks, float32 and int8)


def packed_weights(artifact: Path, sha256: str, build: Callable[[Path], None]) -> Path | None:
    """Return the file of packed weights for an artifact, made by *build* where this machine has none yet.

    None where nothing can be written: then every process packs for itself, which costs start-up time and memory.
    """
    name = f"{sha256[:16]}-{instructions_name()}-{_LAYOUT}.xnn"
    for place in machine_folders(artifact.parent):
        if _is_whole(place / name):
            return place / name
        try:
            return _built(place / name, artifact, build)
        except OSError as error:
            log.info("packed weights can't be kept in %s: %s", place, error)
    log.warning("packed weights can be kept nowhere: each worker packs %s for itself", artifact.name)
    return None


def has_space(place: Path, artifact: Path) -> bool:
    """Say whether the packed weights of *artifact* fit into *place*: XNNPACK would fail half-way."""
    return shutil.disk_usage(place).free >= artifact.stat().st_size * _SPACE_FACTOR


def _built(path: Path, artifact: Path, build: Callable[[Path], None]) -> Path:
    with made_once(path):
        if not _is_whole(path):  # else another process built it while we waited
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            if not has_space(path.parent, artifact):  # a container's /dev/shm has 64 MB
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            build(part)
            record = FileRecord.of(part)
            part.replace(path)
            path.with_suffix(".json").write_text(record.model_dump_json(), encoding="utf-8")
            _discard_other_layouts(path)
    return path


def _discard_other_layouts(path: Path) -> None:
    """Remove what earlier versions of ours packed of the same artifact: as large, and never mapped again."""
    for old in path.parent.glob(f"{path.stem.rpartition('-')[0]}-*"):
        if old.stem != path.stem:
            old.unlink(missing_ok=True)


def discard_damaged(folder: Path) -> None:
    """Remove every file of packed weights beside the artifacts in *folder* whose content is not what was built.

    Raises: ArtifactError: one can't be removed.
    """
    for path in (folder / BESIDE).glob("*.xnn"):
        if not _is_whole(path, hashed=True):
            try:
                path.unlink()
            except OSError as error:  # a read-only image
                raise ArtifactError(f"{path} is damaged and can't be removed ({error.strerror})") from None


def _is_whole(path: Path, *, hashed: bool = False) -> bool:
    """Say whether the file is the one that was built: a shorter one would crash whoever maps it."""
    try:
        record = FileRecord.model_validate_json(path.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return False
    return record.matches_hash(path) if hashed else record.matches(path)
