"""Making the machine half: once, robustly, and where it can be kept."""

import threading
from pathlib import Path

import pytest

from models import machine, measure
from models.manifest import Manifest, Precision
from models.measure import Stopwatch, measured
from models.plan import Job
from models.speeds import MachineHalf, Speed
from models.store import Store
from tests.unit.models.builds import MOBILENET, fake_build, judged_build

FLOAT32, INT8 = Precision.FLOAT32, Precision.INT8


class FakeStopwatch(Stopwatch):
    """Tells prepared times instead of measuring; each precision's in turn, the last for ever."""

    def __init__(self, manifest: Manifest, times: dict[Precision, list[float]]) -> None:
        self.manifest, self.cores = manifest, 2
        self.asked: list[Precision] = []
        self._times = {precision: list(ms) for precision, ms in times.items()}

    def speed(self, precision: Precision) -> Speed:
        self.asked.append(precision)
        left = self._times[precision]
        ms = left.pop(0) if len(left) > 1 else left[0]
        return Speed(one_thread_ms=ms, all_threads_ms=ms / 2)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return fake_build(Store(tmp_path), Job(MOBILENET, None))


@pytest.fixture
def build(tmp_path: Path, manifest: Manifest) -> Path:
    return Store(tmp_path).folder(manifest.name, random=True)


def times(float32: list[float], int8: list[float]) -> dict[Precision, list[float]]:
    return {FLOAT32: float32, Precision.FLOAT16: [200], INT8: int8, Precision.INT8_STATIC: [200]}


def quiet(name: str, part: float = 0.0) -> None:
    """Takes no note."""


def test_one_busy_moment_does_not_decide(manifest: Manifest) -> None:
    stopwatch = FakeStopwatch(manifest, times(float32=[60, 50], int8=[55, 55]))
    half = measured(quiet, stopwatch)
    assert half.choice is FLOAT32, "int8 only looked faster while something else ran"
    assert half.speeds[FLOAT32].one_thread_ms == 50
    assert stopwatch.asked[-2:] == [INT8, FLOAT32], "the close ones again, in the opposite order"


def test_what_is_clearly_slower_is_not_measured_twice_and_float32_always_is(manifest: Manifest) -> None:
    stopwatch = FakeStopwatch(manifest, times(float32=[100], int8=[20]))
    assert measured(quiet, stopwatch).choice is INT8
    assert stopwatch.asked[len(manifest.artifacts) :] == [INT8, FLOAT32]


def test_what_may_not_be_served_does_not_decide_what_is_measured_again(tmp_path: Path) -> None:
    (tmp_path / "judged").mkdir()
    judged = judged_build(tmp_path / "judged")
    all_times = times(float32=[60, 50], int8=[55, 55]) | {Precision.INT8_STATIC: [10.0]}
    assert measured(quiet, FakeStopwatch(judged, all_times)).choice is FLOAT32


class Measuring:
    """Stands for the measurement: counts, and packs nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, manifest: Manifest) -> None:
        self.done = 0
        self._manifest = manifest
        monkeypatch.setattr(measure, "measured", self._measured)
        monkeypatch.setattr(measure, "_pack", lambda *_: None)

    def _measured(self, step: object, stopwatch: object) -> MachineHalf:
        self.done += 1
        return measured(quiet, FakeStopwatch(self._manifest, times(float32=[100], int8=[20])))


def run(build: Path) -> str:
    return measure.measure(quiet, str(build), 2)


def test_many_masters_at_once_measure_once(build: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    measuring = Measuring(monkeypatch, manifest)
    masters = [threading.Thread(target=run, args=(build,)) for _ in range(6)]
    for master in masters:
        master.start()
    for master in masters:
        master.join()
    assert measuring.done == 1
    half = MachineHalf.read(build, manifest, 2)
    assert half is not None
    assert half.choice is INT8


def test_what_is_forgotten_is_measured_again(build: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> None:
    measuring = Measuring(monkeypatch, manifest)
    run(build)
    MachineHalf.forget(build, manifest, 2)
    assert MachineHalf.read(build, manifest, 2) is None
    run(build)
    assert measuring.done == 2


def test_a_read_only_build_is_measured_into_the_runtime_folder(
    build: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Measuring(monkeypatch, manifest)
    (build / "machine").write_text("a file, so that no folder can be made here, even by root")
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([tmp_path / "run"]))
    assert run(build) == ""
    assert len(list((tmp_path / "run").rglob("*.speeds.json"))) == 1
    assert MachineHalf.read(build, manifest, 2) is not None


def test_where_nothing_can_be_written_the_reason_is_told(
    build: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch
) -> None:
    measuring = Measuring(monkeypatch, manifest)
    (build / "machine").write_text("")
    monkeypatch.setattr(machine, "_runtime_folders", lambda: iter([]))
    assert "exists" in run(build)
    assert measuring.done == 0


def test_never_two_precisions_are_in_memory(
    build: Path, manifest: Manifest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: list[str] = []

    class Counted:
        def __init__(self, artifact: Path, *_: object, packed: Path | None, **__: object) -> None:
            assert alive == []
            assert packed is not None, "both numbers of threads map one copy"
            assert not packed.exists()
            packed.write_bytes(b"packed")
            alive.append(artifact.name)

        def run(self, batch: object, threads: int) -> None:
            pass

        def __del__(self) -> None:
            alive.clear()

    monkeypatch.setattr(measure, "LiteRtEngine", Counted)
    scratch = tmp_path / "x.scratch"
    scratch.write_bytes(b"of a process that was killed")
    stopwatch = Stopwatch(build, manifest, 2, scratch)
    for precision in manifest.artifacts:
        stopwatch.speed(precision)
    assert not scratch.exists(), "what was packed for the moment is gone"
