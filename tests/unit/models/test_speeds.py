"""Which precision PRECISION=auto serves, and when what was measured no longer counts."""

from pathlib import Path

import pytest

from models import speeds
from models.manifest import Manifest, Precision
from models.plan import Job
from models.speeds import MachineHalf, Speed, fastest, half_paths, hashes
from models.store import Store
from tests.unit.models.builds import MOBILENET, fake_build, judged_build

FLOAT32, FLOAT16, INT8, STATIC = Precision.FLOAT32, Precision.FLOAT16, Precision.INT8, Precision.INT8_STATIC


def times(**one_thread: float) -> dict[Precision, Speed]:
    return {Precision(name): Speed(one_thread_ms=ms, all_threads_ms=ms / 2) for name, ms in one_thread.items()}


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return judged_build(tmp_path)


@pytest.mark.parametrize(
    ("ms", "choice"),
    [
        ({FLOAT32: 50, FLOAT16: 50, INT8: 20, STATIC: 10}, INT8),  # static is faster, and refused
        ({FLOAT32: 50, FLOAT16: 49, INT8: 60, STATIC: 10}, FLOAT32),  # 2 % are noise
        ({FLOAT32: 50, FLOAT16: 40, INT8: 60, STATIC: 10}, FLOAT16),
    ],
)
def test_the_fastest_that_passed_is_chosen(manifest: Manifest, ms: dict[Precision, float], choice: Precision) -> None:
    assert fastest(manifest, times(**ms)) is choice


def test_with_random_weights_the_fastest_of_all_is_chosen(tmp_path: Path) -> None:
    manifest = fake_build(Store(tmp_path), Job(MOBILENET, None))
    ms = times(**{FLOAT32: 50, FLOAT16: 50, INT8: 20, STATIC: 10})
    assert fastest(manifest, ms) is STATIC


class Measured:
    """A machine half that was written for a build."""

    def __init__(self, root: Path, manifest: Manifest) -> None:
        self.manifest = manifest
        self.build = Store(root).folder("mobilenetv2", random=False)
        ms = times(**{FLOAT32: 50, FLOAT16: 50, INT8: 20, STATIC: 10})
        half = MachineHalf(cpu="a CPU", cores=2, artifacts=hashes(manifest), speeds=ms, choice=INT8)
        self.path = half_paths(self.build, manifest, 2)[0]
        self.path.parent.mkdir()
        self.path.write_text(half.model_dump_json())

    def read(self, manifest: Manifest | None = None, cores: int = 2) -> MachineHalf | None:
        return MachineHalf.read(self.build, manifest or self.manifest, cores)


@pytest.fixture
def measured(tmp_path: Path, manifest: Manifest) -> Measured:
    return Measured(tmp_path, manifest)


def test_what_was_measured_here_is_read_again(measured: Measured) -> None:
    half = measured.read()
    assert half is not None
    assert half.choice is INT8


def test_another_number_of_cores_or_another_cpu_is_another_machine(
    measured: Measured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert measured.read(cores=4) is None
    monkeypatch.setattr(speeds, "machine_name", lambda cores: "elsewhere")
    assert measured.read() is None


def test_a_damaged_file_and_one_of_other_artifacts_count_as_not_measured(measured: Measured) -> None:
    changed = measured.manifest.artifacts[INT8].model_copy(update={"passed": False})
    judged_anew = measured.manifest.model_copy(update={"artifacts": measured.manifest.artifacts | {INT8: changed}})
    assert measured.read(judged_anew) is None, "its choice has been refused since"
    measured.path.write_text("{")
    assert measured.read() is None
