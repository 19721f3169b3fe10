"""Which engine runs a prepared model. Imports a runtime only to build one: a LiteRT worker never sees TensorFlow."""

from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from models.backend import set_up_backend
from models.child import run_in_child
from models.cores import powers_of_two
from models.engine import Engine
from models.engine_words import Wanted
from models.errors import EngineError
from models.manifest import Manifest, Precision
from models.packed import packed_weights
from models.ring import RingShape
from models.served import MakeEngine

if TYPE_CHECKING:
    from models.engine_keras import KerasEngine

_KERAS_SUFFIXES = (".h5", ".hdf5", ".keras")  # files that Keras itself loads


class EngineKind(StrEnum):
    """The setting ENGINE."""

    AUTO = "auto"
    LITERT = "litert"
    KERAS = "keras"


class Device(StrEnum):
    """The setting DEVICE. `auto`: the CPU for LiteRT; for Keras a GPU where its backend sees one."""

    AUTO = "auto"
    CPU = "cpu"
    GPU = "gpu"


def resolve_engine(engine: EngineKind, device: Device) -> EngineKind:
    """Return `litert` or `keras`. A GPU needs Keras; everything else is faster on LiteRT (FACTS).

    Raises: ValueError: LiteRT was asked to use a GPU.
    """
    if engine is EngineKind.AUTO:
        return EngineKind.KERAS if device is Device.GPU else EngineKind.LITERT
    if engine is EngineKind.LITERT and device is Device.GPU:
        raise ValueError("ENGINE=litert runs on the CPU; DEVICE=gpu needs ENGINE=keras or auto")
    return engine


def resolve_precision(precision: str, engine: EngineKind) -> Precision | None:
    """Return the precision served; None: the fastest that passed the gate, which each model's own record tells.

    Raises: ValueError: one that the engine does not have.
    """
    if engine is EngineKind.KERAS:
        if precision not in ("auto", Precision.FLOAT32, Precision.MIXED):
            raise ValueError(f"PRECISION={precision} needs ENGINE=litert")
        return Precision.MIXED if precision == Precision.MIXED else Precision.FLOAT32
    if precision == Precision.MIXED:
        raise ValueError(f"PRECISION={precision} needs ENGINE=keras")
    return None if precision == "auto" else Precision(precision)


def engine_maker(
    engine: EngineKind,
    device: Device,
    cores: int,
    most: int | None = None,
    *,
    share: bool = True,
    widest_only: bool = False,
    keep_tables: bool = True,
) -> MakeEngine:
    """Return what builds the engine for a prepared model, on a machine with *cores* cores.

    *most*: threads of one inference, a power of two (None: `models.cores.MOST_THREADS`).
    *share*: keep the packed weights in a file for all processes; without it nothing is written.
    *widest_only*: for whoever is alone on the machine; what is compiled for fewer threads is memory for nothing.
    *keep_tables*: see `LiteRtEngine`.
    """
    if engine is EngineKind.KERAS:
        return keras_maker(device, most=1)
    threads = powers_of_two(cores, most)
    return _litert(threads[-1:] if widest_only else threads, share=share, keep_tables=keep_tables)


def _litert(threads: tuple[int, ...], *, share: bool, keep_tables: bool) -> MakeEngine:
    def make(manifest: Manifest, folder: Path, precision: Precision) -> Engine:
        from models.engine_litert import LiteRtEngine

        artifact, sha256 = folder / precision.file, manifest.artifacts[precision].record.sha256
        load = partial(LiteRtEngine, artifact, manifest.architecture().input, manifest.classes)

        def pack(file: Path) -> None:
            load(packed=file, keep_tables=False)  # maps either way; packed with tables, each worker took 24 MB more

        packed = packed_weights(artifact, sha256, pack) if share else None
        return load(threads=threads, packed=packed, keep_tables=keep_tables)

    return make


def keras_maker(device: Device, most: int | None) -> "Callable[[Manifest, Path, Precision], KerasEngine]":
    """Return what builds the engine in this process; it runs *most* images at once (None: as suits the device)."""

    def make(manifest: Manifest, folder: Path, precision: Precision) -> "KerasEngine":
        set_up_backend(cpu_only=device is Device.CPU)
        from models.engine_keras import KerasEngine

        if manifest.weights.path.suffix not in _KERAS_SUFFIXES:
            raise EngineError(
                f"{manifest.name} came as a file for LiteRT, or a SavedModel: ENGINE=keras can't serve it"
            )
        weights = folder / manifest.weights.path  # absolute for a file of the user's, relative for random ones
        if not manifest.weights.record.matches(weights):
            raise EngineError(f"the weights that {manifest.name} was prepared from are gone or changed")
        mixed = precision is Precision.MIXED
        return KerasEngine(manifest.architecture(), weights, device, mixed=mixed, most=most)

    return make


def remote_maker(address: bytes, slots: int) -> MakeEngine:
    """Return what asks the engine process at *address* for a model; *slots* images may be on their way to it."""

    def make(manifest: Manifest, folder: Path, precision: Precision) -> Engine:
        from models.engine_remote import RemoteEngine

        spec = manifest.architecture().input
        wanted = Wanted(name=manifest.name, folder=str(folder), precision=precision)
        shape = RingShape(slots, spec.height, spec.width, manifest.classes)
        return RemoteEngine(address, wanted, spec, shape)

    return make


def require_gpu(log: Path) -> None:
    """Ask Keras's backend in a child: a CUDA context does not survive Gunicorn's fork.  Raises: EngineError: no GPU."""
    if not run_in_child("models.backend", "count_gpus", log, lambda *_: None):
        raise EngineError("DEVICE=gpu, and Keras sees no GPU on this machine")
