"""What we remember about a file, so that we know it again: cheaply by size and mtime, surely by its hash."""

import hashlib
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict

_SECOND_NS = 1_000_000_000


def file_hash(path: Path, algorithm: str = "sha256") -> str:
    """Return the hex digest of a whole file. MD5 serves only to recognise what others publish."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def has_digest(path: Path, digest: str) -> bool:
    """Say whether a file has a digest as Keras publishes them: of 64 hex digits it is SHA-256, of 32 MD5."""
    return file_hash(path, "sha256" if len(digest) == 64 else "md5") == digest


class FileRecord(BaseModel):
    """A file's size (bytes), mtime (ns) and SHA-256 (hex)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int
    mtime_ns: int
    sha256: str

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read the whole file and record it."""
        stat = path.stat()
        return cls(size=stat.st_size, mtime_ns=stat.st_mtime_ns, sha256=file_hash(path))

    def matches(self, path: Path) -> bool:
        """Say whether *path* is still that file: by size and mtime, and only where the mtime differs by its hash.

        So that a copy (a backup) that kept the content and lost the mtime is still good. One that lost the parts of the
        mtime's second (a layer of an image) has it: hashing the three networks takes each worker two seconds.
        """
        try:
            stat = path.stat()
        except OSError:
            return False
        if stat.st_size != self.size:
            return False
        kept = (self.mtime_ns, self.mtime_ns - self.mtime_ns % _SECOND_NS)
        return stat.st_mtime_ns in kept or self.matches_hash(path)

    def matches_hash(self, path: Path) -> bool:
        """Say whether the whole content is the recorded one."""
        return path.is_file() and file_hash(path) == self.sha256
