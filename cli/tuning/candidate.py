"""The configurations that `models tune` tries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.cores import MOST_THREADS, powers_of_two
from models.manifest import Manifest, Precision
from models.speeds import MachineHalf

_WORTH_TRYING = 1.3  # of the best's time: what is slower alone than this does not win under load


@dataclass(frozen=True, slots=True)
class Candidate:
    """One configuration of the service: the settings WORKERS, THREADS and PRECISION."""

    workers: int
    threads: int
    precision: Precision

    def __str__(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.settings().items())

    def settings(self) -> dict[str, str]:
        """Return it as settings, without the prefix."""
        return {"WORKERS": str(self.workers), "THREADS": str(self.threads), "PRECISION": self.precision.value}


def candidates(
    cores: int, precisions: Sequence[Precision], workers: Iterable[int] = (), threads: Iterable[int] = ()
) -> list[Candidate]:
    """Return what is tried on a machine with *cores* cores; what is the same thing on it only once.

    *workers* and *threads* restrict the search; empty: 1, 2, 4 ... up to twice the cores, and one a core; 1, 2, 4 ...
    up to the cores and MOST_THREADS.
    """
    all_workers = sorted(set(workers) or {cores, *_powers_up_to(2 * cores)})
    possible = _powers_up_to(cores)
    asked = set(threads) or set(powers_of_two(cores, MOST_THREADS))
    # An inference never gets more than the cores: THREADS=8 on two of them is THREADS=2.
    all_threads = sorted({max(each for each in possible if each <= wanted) for wanted in asked})
    return [Candidate(w, t, p) for p in precisions for t in all_threads for w in all_workers]


def worth_trying(manifest: Manifest, half: MachineHalf | None) -> list[Precision]:
    """Return the precisions that passed the gate and are, with one thread or with all, not much slower than the best.

    float32 alone where nothing was measured on this machine.
    """
    passed = [precision for precision, artifact in manifest.artifacts.items() if artifact.passed]
    if half is None:
        return [Precision.FLOAT32]
    one = {p: half.speeds[p].one_thread_ms for p in passed}
    every = {p: half.speeds[p].all_threads_ms for p in passed}
    return [p for p in passed if any(ms[p] <= _WORTH_TRYING * min(ms.values()) for ms in (one, every))]


def _powers_up_to(most: int) -> tuple[int, ...]:
    return tuple(1 << power for power in range(most.bit_length()))
