"""The engine for CPUs: LiteRT's Interpreter with XNNPACK. The only serving module that imports ai_edge_litert."""

from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from models.engine import Batch, Scores
from models.errors import EngineError
from preprocessing.spec import InputSpec


class LiteRtEngine:
    """One Interpreter, batch 1 inside: on a CPU batching buys nothing (FACTS), so a batch is run row by row.

    `Interpreter` releases the GIL while it runs, and keeps a packed copy of the weights of its own (ADR 0002).
    """

    def __init__(self, artifact: Path, spec: InputSpec, classes: int, threads: int) -> None:
        """Load a `.tflite`. Raises: EngineError: it can't be loaded, or is not (h, w, 3) -> (classes,)."""
        try:
            self._interpreter = Interpreter(str(artifact), num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise EngineError(f"LiteRT can't load {artifact.name}") from error
        (source,), (sink,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._input, self._output = source["index"], sink["index"]
        self._shape = (spec.height, spec.width, 3)
        found = (tuple(source["shape"]), source["dtype"], tuple(sink["shape"]), sink["dtype"])
        wanted = ((1, *self._shape), np.float32, (1, classes), np.float32)
        if found != wanted:
            raise EngineError(f"{artifact.name} is {found}; the catalog says {wanted}.")

    def run(self, batch: Batch) -> Scores:
        """See `Engine.run`."""
        if batch.ndim != 4 or batch.shape[1:] != self._shape:
            raise EngineError(f"A batch of shape {batch.shape} where (N, {self._shape}) was expected.")
        return np.concatenate([self._run_one(tensor[np.newaxis]) for tensor in batch])

    def _run_one(self, batch_of_one: Batch) -> Scores:
        try:
            self._interpreter.set_tensor(self._input, batch_of_one)
            self._interpreter.invoke()
            scores: Scores = self._interpreter.get_tensor(self._output)  # a copy, never a view into the interpreter
        except (ValueError, RuntimeError) as error:
            raise EngineError("LiteRT failed to run") from error
        return scores
