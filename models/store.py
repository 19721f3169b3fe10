"""Where prepared models lie, and how one comes to lie there whole or not at all.

    CACHE_DIR/models/<name>/real   -> real.<build>    made from a weights file
    CACHE_DIR/models/<name>/random -> random.<build>  made from seeded random weights

`real` and `random` are links, swapped by one rename: a reader meets the old build or the new one. The old one is then
removed, so a reader that loses it half-way asks `folder` again (`PreparedModels.load`).
"""

import fcntl
import logging
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.architecture import Architecture
from models.bundled import POCKET, pocket
from models.catalog import CATALOG
from models.ensemble import ENSEMBLE
from models.errors import UnknownModel
from models.manifest import Manifest, WeightsKind

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
_TAKEN = ("all", ENSEMBLE, POCKET)  # a word of a request, one of an answer, and the model in the box


class Store:
    """The prepared models under one CACHE_DIR."""

    def __init__(self, cache_dir: Path) -> None:
        self.root = cache_dir / "models"

    def folder(self, name: str, *, random: bool) -> Path:
        """Return where the model lies, or would: the resolved build, so that a swap leaves a reader's path alone."""
        return (self.root / name / _slot(random)).resolve()

    def architecture(self, name: str) -> Architecture:
        """Return what is known of a model: the catalog's, the one in the box, or one that was added.

        Raises: UnknownModel: neither.  ArtifactError: it was added, and its manifest can't be read any more.
        """
        if name in CATALOG:
            return CATALOG[name]
        if name == POCKET:
            return pocket()
        if not self.knows(name):
            raise UnknownModel(f"{name} is none of the catalog, and was not added (`models add`)")
        return Manifest.read(self.folder(name, random=False)).architecture()

    def knows(self, name: str) -> bool:
        """Say whether a model may be served under that name: the catalog has it, it is in the box, or it was added."""
        return name in CATALOG or name == POCKET or (is_name(name) and self.has(name, random=False))

    def has(self, name: str, *, random: bool) -> bool:
        """Say whether the model was prepared, whole or not: the link is there."""
        return self.folder(name, random=random).is_dir()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Let one process prepare at a time; the kernel frees the lock of one that dies."""
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                log.warning("another process is preparing models; waiting for it")
                fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def building(self, name: str, *, random: bool) -> Iterator[Path]:
        """Lend an empty folder; publish it when the block ends well, remove it when it doesn't. Call under `lock`."""
        home = self.root / name
        home.mkdir(parents=True, exist_ok=True)
        for leftover in home.glob(".tmp-*"):  # of a process that was killed: we hold the lock, nobody else builds
            shutil.rmtree(leftover)
        building = Path(tempfile.mkdtemp(prefix=".tmp-", dir=home))
        building.chmod(0o755)
        try:
            yield building
            self._publish(building, home, _slot(random))
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise

    def _publish(self, building: Path, home: Path, slot: str) -> None:
        build = building.rename(home / f"{slot}.{building.name.removeprefix('.tmp-')}")
        link = home / f".{slot}.link"
        link.unlink(missing_ok=True)
        link.symlink_to(build.name)
        os.replace(link, home / slot)
        for old in home.glob(f"{slot}.*"):
            if old != build:
                shutil.rmtree(old, ignore_errors=True)  # on NFS a file that is open stays; the next one removes it

    def note_unavailable(self, name: str, reason: str) -> None:
        """Remember that a download failed, so that WEIGHTS=auto decides once and later starts cost nothing."""
        home = self.root / name
        home.mkdir(parents=True, exist_ok=True)
        (home / "unavailable.txt").write_text(reason + "\n", encoding="utf-8")

    def unavailable(self, name: str) -> str:
        """Return why an earlier download failed; empty where none did."""
        note = self.root / name / "unavailable.txt"
        return note.read_text(encoding="utf-8").strip() if note.exists() else ""

    def withdraw(self, name: str) -> None:
        """Take back the build from a weights file, so that no process serves it any more. Call under `lock`."""
        (self.root / name / "real").unlink(missing_ok=True)


def is_name(name: str) -> bool:
    """Say whether a model may be called so."""
    return _NAME.fullmatch(name) is not None and name not in _TAKEN


def _slot(random: bool) -> str:
    return WeightsKind.RANDOM.value if random else "real"
