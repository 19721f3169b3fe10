"""A prepared model's precisions side by side: the one that is served, and why the others are not."""

from dataclasses import dataclass

from models.judgement import Agreement
from models.manifest import Manifest, Precision
from models.speeds import MachineHalf, Speed


@dataclass(frozen=True, slots=True)
class Variant:
    """One precision: bytes on disk, what is known of its answers (`manifest.Artifact`), its speed on this machine."""

    precision: Precision
    size: int
    max_change: float
    passed: bool
    agreement: Agreement | None
    speed: Speed | None


def variants(manifest: Manifest, half: MachineHalf | None) -> tuple[Variant, ...]:
    """Return every precision that was prepared; *half* is None where nothing was measured on this machine."""
    speeds = half.speeds if half else {}
    return tuple(
        Variant(
            precision=precision,
            size=artifact.record.size,
            max_change=artifact.max_change,
            passed=artifact.passed,
            agreement=artifact.agreement,
            speed=speeds.get(precision),
        )
        for precision, artifact in manifest.artifacts.items()
    )
