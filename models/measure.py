"""Make the machine half of a prepared model: time every precision, choose, pack the choice. A child runs it."""

import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from models.child import Step
from models.cores import powers_of_two
from models.engine import Engine
from models.engine_litert import LiteRtEngine
from models.engines import Device, EngineKind, engine_maker
from models.errors import EngineError
from models.known_answers import KnownAnswers
from models.machine import cpu_model, made_once
from models.manifest import Manifest, Precision
from models.packed import has_space
from models.speeds import MachineHalf, Speed, fastest, half_paths, hashes
from preprocessing.transform import normalise

_RUNS, _SECONDS = (3, 15), 0.7  # least and most runs of one figure, and how long it may go on in between
_CLOSE = 1.3  # of the best's time: those are measured twice, for one busy moment must not decide for good


def measure(step: Step, folder: str, cores: int) -> str:
    """Measure the build in *folder* and write its machine half; return why it can be kept nowhere, if so.

    Nothing is measured where another process has done it while this one waited.
    """
    build = Path(folder)
    manifest = Manifest.read(build)
    reason = ""
    for path in half_paths(build, manifest, cores):
        try:
            with made_once(path):
                if MachineHalf.read(build, manifest, cores) is None:
                    half = measured(step, Stopwatch(build, manifest, cores, path.with_suffix(".scratch")))
                    part = path.with_suffix(".part")
                    part.write_text(half.model_dump_json(indent=2) + "\n", encoding="utf-8")
                    part.replace(path)
                    _pack(build, manifest, half)
            return ""
        except OSError as error:
            reason = str(error)
    return reason


def measured(step: Step, stopwatch: "Stopwatch") -> MachineHalf:
    """Time every precision, those in question again in the opposite order, and choose."""
    manifest = stopwatch.manifest
    speeds = {}
    for number, precision in enumerate(manifest.artifacts):
        step("measure", number / len(manifest.artifacts))
        speeds[precision] = stopwatch.speed(precision)
    again = _in_question(manifest, speeds)
    for number, precision in enumerate(reversed(again)):
        step("measure again", number / len(again))
        speeds[precision] = speeds[precision].least(stopwatch.speed(precision))
    return MachineHalf(
        cpu=cpu_model(),
        cores=stopwatch.cores,
        artifacts=hashes(manifest),
        speeds=speeds,
        choice=fastest(manifest, speeds),
    )


def _in_question(manifest: Manifest, speeds: Mapping[Precision, Speed]) -> list[Precision]:
    """Return what may be served and is near the best of that, with float32, which all are held against."""
    times = {p: speeds[p].one_thread_ms for p, artifact in manifest.artifacts.items() if artifact.passed}
    most = _CLOSE * min(times.values())
    return [p for p, ms in times.items() if ms <= most or p is Precision.FLOAT32]


class Stopwatch:
    """Times a prepared model; *scratch* is a file for packed weights, so that none are in memory twice."""

    def __init__(self, build: Path, manifest: Manifest, cores: int, scratch: Path) -> None:
        self.manifest, self.cores = manifest, cores
        self._spec, self._build, self._scratch = manifest.architecture().input, build, scratch
        self._batch = normalise(KnownAnswers.read(build).images[:1], self._spec.normalisation)

    def speed(self, precision: Precision) -> Speed:
        """Load one precision, time it, let it go: never two of them in memory."""
        artifact, most = self._build / precision.file, powers_of_two(self.cores)[-1]
        self._scratch.unlink(missing_ok=True)  # of a process that was killed: whoever measures holds the lock
        packed = self._scratch if has_space(self._scratch.parent, artifact) else None
        try:
            engine = LiteRtEngine(
                artifact, self._spec, self.manifest.classes, threads=(1, most), packed=packed, keep_tables=False
            )  # as beside the other models that are served by default
            return Speed(one_thread_ms=self._median_ms(engine, 1), all_threads_ms=self._median_ms(engine, most))
        finally:
            self._scratch.unlink(missing_ok=True)

    def _median_ms(self, engine: Engine, threads: int) -> float:
        engine.run(self._batch, threads)
        least, most = _RUNS
        times: list[float] = []
        give_up = time.monotonic() + _SECONDS
        while len(times) < least or (len(times) < most and time.monotonic() < give_up):
            start = time.monotonic()
            engine.run(self._batch, threads)
            times.append(time.monotonic() - start)
        return round(statistics.median(times) * 1e3, 2)


def _pack(build: Path, manifest: Manifest, half: MachineHalf) -> None:
    """Pack the weights of the choice, so that the first start does not have to."""
    with suppress(EngineError):  # what does not load now will say so when it is served
        engine_maker(EngineKind.LITERT, Device.CPU, half.cores)(manifest, build, half.choice)
