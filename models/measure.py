"""Make the machine half of a prepared model: time every precision, choose, pack the choice. A child runs it."""

import statistics
import time
from pathlib import Path

from models.catalog import CATALOG
from models.child import Step
from models.cores import powers_of_two
from models.engine import Batch, Engine
from models.engine_litert import LiteRtEngine
from models.engines import Device, EngineKind, engine_maker
from models.known_answers import KnownAnswers
from models.machine import cpu_model, made_once
from models.manifest import Manifest
from models.speeds import MachineHalf, Speed, fastest, half_paths, hashes
from preprocessing.transform import normalise

_RUNS, _SECONDS = (3, 15), 0.7  # least and most runs of one figure, and how long it may go on in between


def measure(step: Step, name: str, folder: str, cores: int) -> str:
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
                    half = _measured(step, name, build, manifest, cores)
                    part = path.with_suffix(".part")
                    part.write_text(half.model_dump_json(indent=2) + "\n", encoding="utf-8")
                    part.replace(path)
            return ""
        except OSError as error:
            reason = str(error)
    return reason


def _measured(step: Step, name: str, build: Path, manifest: Manifest, cores: int) -> MachineHalf:
    spec = CATALOG[name].input
    batch = normalise(KnownAnswers.read(build).images[:1], spec.normalisation)
    threads = powers_of_two(cores)
    speeds = {}
    for number, precision in enumerate(manifest.artifacts):
        step("measure", number / len(manifest.artifacts))
        engine = LiteRtEngine(build / precision.file, spec, manifest.classes, threads=(1, threads[-1]))
        speeds[precision] = Speed(
            one_thread_ms=_median_ms(engine, batch, 1), all_threads_ms=_median_ms(engine, batch, threads[-1])
        )
    choice = fastest(manifest, speeds)
    engine_maker(EngineKind.LITERT, Device.CPU, cores)(CATALOG[name], manifest, build, choice)  # packs its weights
    return MachineHalf(cpu=cpu_model(), cores=cores, artifacts=hashes(manifest), speeds=speeds, choice=choice)


def _median_ms(engine: Engine, batch: Batch, threads: int) -> float:
    engine.run(batch, threads)
    least, most = _RUNS
    times: list[float] = []
    give_up = time.monotonic() + _SECONDS
    while len(times) < least or (len(times) < most and time.monotonic() < give_up):
        start = time.monotonic()
        engine.run(batch, threads)
        times.append(time.monotonic() - start)
    return round(statistics.median(times) * 1e3, 2)
