"""How fast each precision is on this machine, and which is served: the machine half of a prepared model.

Kept apart from the manifest (`models.machine`), bound to it by the artifacts' hashes: an image built elsewhere keeps
its portable half, and only this is measured anew.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationError

from models.machine import machine_folders, machine_name
from models.manifest import Manifest, Precision

# Of float32's time: a precision that gains less is no gain, only a rounding of the answers. Repeated measurements on a
# quiet machine differ by 2 to 4 %.
_WORTH = 0.95


class Speed(BaseModel):
    """Median milliseconds of one image, network alone, with one thread and with all that one inference may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    one_thread_ms: float
    all_threads_ms: float

    def least(self, other: Self) -> Self:
        """Return the better of two measurements: what disturbs one only makes it slower."""
        return self.model_copy(
            update={
                "one_thread_ms": min(self.one_thread_ms, other.one_thread_ms),
                "all_threads_ms": min(self.all_threads_ms, other.all_threads_ms),
            }
        )


class MachineHalf(BaseModel):
    """Measured on *cpu* with *cores* cores; *artifacts* are the first hex digits of each artifact's SHA-256."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cpu: str
    cores: int
    artifacts: dict[Precision, str]
    speeds: dict[Precision, Speed]
    choice: Precision

    @classmethod
    def read(cls, build: Path, manifest: Manifest, cores: int) -> Self | None:
        """Return what was measured for this build on this machine, or None."""
        for path in half_paths(build, manifest, cores):
            try:
                half = cls.model_validate_json(path.read_bytes())
            except (OSError, ValidationError):
                continue
            same = half.artifacts == hashes(manifest) and half.speeds.keys() == manifest.artifacts.keys()
            if same and half.choice == fastest(manifest, half.speeds):
                return half
        return None

    @staticmethod
    def forget(build: Path, manifest: Manifest, cores: int) -> None:
        """Remove what was measured, where it can be removed."""
        for path in half_paths(build, manifest, cores):
            with suppress(OSError):
                path.unlink()


def half_paths(build: Path, manifest: Manifest, cores: int) -> list[Path]:
    """Return where the machine half may lie, best first."""
    sha256 = manifest.artifacts[Precision.FLOAT32].record.sha256
    return [folder / f"{sha256[:16]}-{machine_name(cores)}.speeds.json" for folder in machine_folders(build)]


def hashes(manifest: Manifest) -> dict[Precision, str]:
    """Return what binds a machine half to a manifest."""
    return {precision: artifact.record.sha256[:16] for precision, artifact in manifest.artifacts.items()}


def fastest(manifest: Manifest, speeds: Mapping[Precision, Speed]) -> Precision:
    """Return the precision that passed and serves a crowd best: least time on one thread; float32 unless it gains."""
    times = {p: speeds[p].one_thread_ms for p, artifact in manifest.artifacts.items() if artifact.passed}
    best = min(times, key=lambda p: times[p])
    return best if times[best] < _WORTH * times[Precision.FLOAT32] else Precision.FLOAT32
