"""Run one function in a fresh process: TensorFlow and LiteRT never meet (both bring their own TFLite), and the memory
of a conversion is given back at once.
"""

import importlib
import multiprocessing
import os
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol

from models.errors import ModelError, PrepareError
from models.parent import end_with_parent

_LOG_TAIL_CHARS = 2000
_END_S = 30  # for its own clean-up; what hangs then is killed


class Step(Protocol):
    """Is told what runs now, and what share of it is done: 0 to 1."""

    def __call__(self, name: str, part: float = 0.0) -> None:
        """Take note."""
        ...


def run_in_child(module: str, function: str, log: Path, step: Step, **arguments: Any) -> Any:
    """Return `module.function(step, **arguments)`, run in a new interpreter whose output goes to *log*.

    The function's own *step* calls arrive here as they happen.
    Raises: PrepareError: it raised a ModelError or anything else, or the process died (killed for its memory, say).
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(theirs, module, function, log, arguments), daemon=True)
    process.start()
    theirs.close()
    try:
        while True:
            kind, value = ours.recv()
            if kind == "step":
                step(*value)
            elif kind == "result":
                process.join(_END_S)  # let it end by itself: killed, it would leave semaphores behind
                return value
            else:
                raise PrepareError(value)
    except EOFError:
        process.join()
        tail = log.read_text(errors="replace")[-_LOG_TAIL_CHARS:] if log.exists() else ""
        raise PrepareError(f"{module}.{function} ended with status {process.exitcode}:\n{tail}") from None
    finally:
        process.kill()  # only a child that is not needed any more is still there
        process.join()
        ours.close()


def _child(pipe: Connection, module: str, function: str, log: Path, arguments: dict[str, Any]) -> None:
    parent = multiprocessing.parent_process()
    if not parent or not parent.pid or not end_with_parent(parent.pid):
        return  # a conversion nobody waits for must not go on writing
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with log.open("ab") as file:
        os.dup2(file.fileno(), 1)  # the libraries print without being asked; the terminal belongs to the progress bar
        os.dup2(file.fileno(), 2)
    try:
        run = getattr(importlib.import_module(module), function)
        pipe.send(("result", run(lambda name, part=0.0: pipe.send(("step", (name, part))), **arguments)))
    except ModelError as error:
        pipe.send(("error", str(error)))
    except ImportError as error:
        pipe.send(("error", f"{error}. Preparing models needs requirements.txt, not only requirements-serve.txt."))
