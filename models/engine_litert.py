"""The engine for CPUs: LiteRT's CompiledModel with XNNPACK. The only serving module that imports ai_edge_litert."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.compiled_model import CompiledModel
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.options import CpuOptions, Options

from models.engine import Batch, Scores
from models.errors import EngineError
from preprocessing.spec import InputSpec

# Bits of TfLiteXNNPackDelegateOptions.flags (LiteRT's xnnpack_delegate.h): signed and unsigned int8, as by default.
# They decide how weights are packed: change `packed._LAYOUT` with them.
_XNNPACK_FLAGS = 0x01 | 0x02
# TRANSIENT_INDIRECTION_BUFFER: tables of pointers made anew in each run instead of kept. A network takes 19 to 20 MB
# less for each number of threads (ResNet50, VGG16, InceptionV3, int8), and 5 % more time where every core has an
# inference (bench/results/2026-11-24-limit.txt). For more threads they bring 0 to 3 %.
_TRANSIENT_TABLES = 0x20


class LiteRtEngine:
    """One network, compiled once for each number of threads it may be given; all of them map the same packed weights.

    Batch 1 inside: on a CPU batching buys nothing (FACTS), so a batch is run row by row. `CompiledModel` holds the GIL
    while it runs, which costs nothing in a process that handles one request at a time (ADR 0002).
    """

    def __init__(
        self,
        artifact: Path,
        spec: InputSpec,
        classes: int,
        threads: Sequence[int] = (1,),
        packed: Path | None = None,
        *,
        keep_tables: bool = True,
    ) -> None:
        """Load a `.tflite` for each of *threads*; *packed* is the file of packed weights, written if it is not there.

        *keep_tables*: for one thread, with which a crowd is served: more memory, and quicker (`_TRANSIENT_TABLES`).
        Raises: EngineError: it can't be loaded, or is not (h, w, 3) -> (classes,).
        """
        self.spec = spec
        self._shape, self._classes = (spec.height, spec.width, 3), classes
        self._keep_tables = keep_tables
        self._variants = {count: self._compile(artifact, count, packed) for count in threads}

    def _compile(self, artifact: Path, threads: int, packed: Path | None) -> "_Variant":
        flags = _XNNPACK_FLAGS if threads == 1 and self._keep_tables else _XNNPACK_FLAGS | _TRANSIENT_TABLES
        options = Options(
            cpu_options=CpuOptions(
                num_threads=threads, xnnpack_flags=flags, xnnpack_weight_cache_path=str(packed or "")
            )
        )
        wanted = (([1, *self._shape], "float32"), ([1, self._classes], "float32"))
        try:
            with _quiet():
                variant = _Variant(CompiledModel.from_file(str(artifact), options=options))
                if variant.signature != wanted:
                    raise EngineError(f"{artifact.name} is {_told(variant.signature)}; wanted is {_told(wanted)}")
                variant.prime(self._shape)
        except RuntimeError as error:
            raise EngineError(f"LiteRT can't load {artifact.name}") from error
        return variant

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """See `Engine.run`."""
        if batch.ndim != 4 or batch.shape[1:] != self._shape:
            raise EngineError(f"a batch of shape {batch.shape} where (N, {self._shape}) was expected")
        given = [count for count in self._variants if count <= threads] or [min(self._variants)]
        variant = self._variants[max(given)]
        try:
            return np.stack([variant.run(tensor, self._classes) for tensor in batch])
        except RuntimeError as error:
            raise EngineError("LiteRT failed to run") from error


def _told(signature: tuple[tuple[list[int], str], tuple[list[int], str]]) -> str:
    """Return `[1, 224, 224, 3] float32 -> [1, 1000] float32`."""
    return " -> ".join(f"{shape} {dtype}" for shape, dtype in signature)


def is_quantised(artifact: Path) -> bool:
    """Say whether any of its tensors is of whole numbers with a scale, or of half precision.

    Raises: EngineError: it can't be read.
    """
    try:
        with _quiet():
            tensors = Interpreter(str(artifact)).get_tensor_details()
    except (RuntimeError, ValueError) as error:
        raise EngineError(f"LiteRT can't read {artifact.name}") from error
    return any(t["dtype"] is np.float16 or len(t["quantization_parameters"]["scales"]) for t in tensors)


def signature(artifact: Path) -> tuple[str, str]:
    """Return the names of the artifact's signature and of its one input."""
    with _quiet():
        found = CompiledModel.from_file(str(artifact)).get_signature_by_index(0)
    return found["key"], found["inputs"][0]


class _Variant:
    """The network compiled for one number of threads, with its buffers."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._inputs, self._outputs = model.create_input_buffers(0), model.create_output_buffers(0)
        key = model.get_signature_by_index(0)["key"]
        details = (model.get_input_tensor_details(key), model.get_output_tensor_details(key))
        if [len(each) for each in details] != [1, 1]:
            raise EngineError(f"it has {len(details[0])} inputs and {len(details[1])} outputs; one of each is wanted")
        source, sink = ([(tensor["shape"], tensor["dtype"]) for tensor in each.values()] for each in details)
        self.signature = (source[0], sink[0])

    def prime(self, shape: tuple[int, ...]) -> None:
        """Write an input once: the first write sets up an environment of LiteRT's, and prints."""
        self._inputs[0].write(np.zeros((1, *shape), np.float32))

    def run(self, tensor: Batch, classes: int) -> Scores:
        """Return the scores (classes,) for a tensor (h, w, 3)."""
        self._inputs[0].write(tensor)
        self._model.run_by_index(0, self._inputs, self._outputs)
        return np.array(self._outputs[0].read(classes, np.float32))


@contextmanager
def _quiet() -> Iterator[None]:
    """Send the process's stderr away: LiteRT prints a hundred lines a load about accelerators nobody asked for."""
    ours = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(ours, 2)
        os.close(nowhere)
        os.close(ours)
