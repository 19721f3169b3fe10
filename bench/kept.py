"""Results by row and commit: an interrupted bench goes on where it was."""

import hashlib
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Result
from bench.places import ROOT


def commit(tree: Path = ROOT) -> str:
    """Return the short hash of HEAD in the work tree *tree*; with changes to it, also a hash of these."""
    head = _git(tree, "rev-parse", "--short", "HEAD").decode().strip()
    changes = _git(tree, "diff", "HEAD")
    return f"{head}-{hashlib.sha256(changes).hexdigest()[:6]}" if changes else head


def _git(tree: Path, *arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=tree, capture_output=True, check=True).stdout  # noqa: S603, S607  # our own command


@dataclass(frozen=True, slots=True)
class Kept:
    """The results in *folder* that were measured with the same *options*."""

    folder: Path
    options: dict[str, float]

    def get(self, slug: str) -> Result | None:
        """Return a row's result, if it was measured so."""
        try:
            kept = json.loads(self._path(slug).read_bytes())
            return Result.from_json(kept["result"]) if kept["options"] == self.options else None
        except (OSError, ValueError, KeyError, TypeError):  # not measured yet, or by another version of us
            return None

    def put(self, result: Result) -> None:
        """Keep a row's result."""
        self.folder.mkdir(parents=True, exist_ok=True)
        kept = {"options": self.options, "result": result.to_json()}
        part = self._path(result.slug).with_suffix(".part")
        part.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
        part.replace(self._path(result.slug))

    def _path(self, slug: str) -> Path:
        return self.folder / f"{slug}.json"
