"""The steps of `bench.gpu`, each in processes of its own, and what they find."""

import json
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from typing import Any

from bench.gpu_service import backend_environ, child, loaded, service
from bench.places import CACHE, prepared
from bench.services import RowFailed, clean_environment
from bench.subject import ours
from cores import usable_cores
from models.store import Store

NETWORK, PRECISIONS = "resnet50", ("float32", "mixed")

Found = dict[str, Any]  # what `gpu_table.table` shows, but for what it says of the run itself
Steps = dict[str, Callable[[], None]]


class Figures:
    """Measured for *seconds* each, on Keras's *backend*, with at most *most* images at once; *connections* over HTTP.

    A step raises RowFailed, OSError, ValueError or RuntimeError where it can't be done; the others can.
    """

    def __init__(self, backend: str, seconds: float, most: int, connections: Sequence[int]) -> None:
        self.found: Found = {"engines": {}, "services": {}, "cpu": {}, "forward": None, "failures": []}
        self._seconds, self._connections = seconds, connections
        self._numbers = (str(seconds), str(most))
        self._environ = clean_environment() | backend_environ(backend)
        self._cache, self._null = CACHE / "gpu", CACHE / "gpu-null"
        self._subjects = {"null": service(self._null, "float32", most, null=True, backend=backend)}
        self._subjects |= {each: service(self._cache, each, most, backend=backend) for each in PRECISIONS}

    def steps(self) -> Steps:
        """Return them by name, in their order."""
        steps: Steps = {"weights from the seed": self._build}
        steps |= {f"bare engine, {each}": partial(self._engine, each) for each in PRECISIONS}
        if find_spec("jax"):
            steps["the yardstick"] = self._forward
        steps |= {f"over HTTP, {subject.name}": partial(self._crowd, name) for name, subject in self._subjects.items()}
        return steps | {f"the CPU engine, {each}": partial(self._on_cpu, each) for each in ("float32", "int8")}

    def _build(self) -> None:
        child("bench.gpu_build", str(self._null), NETWORK, "--null", environ=self._environ)
        child("bench.gpu_build", str(self._cache), NETWORK, environ=self._environ)

    def _engine(self, precision: str) -> None:
        build = str(Store(self._cache).folder(NETWORK, random=True))
        told = child("bench.gpu_engine", build, precision, *self._numbers, environ=self._environ)
        self.found["engines"][precision] = json.loads(told)

    def _forward(self) -> None:
        self.found["forward"] = json.loads(child("bench.gpu_forward", *self._numbers, environ=self._environ))

    def _crowd(self, name: str) -> None:
        with loaded(self._subjects[name]) as server:
            levels: list[dict[str, Any]] = []
            self.found["services"][name] = levels
            levels.extend(server.level(each, self._seconds)._asdict() for each in self._connections)  # one by one

    def _on_cpu(self, precision: str) -> None:
        if not prepared(NETWORK).is_dir():
            raise RowFailed(f"no {NETWORK} is prepared for it here, which `python -m bench` does")
        with loaded(ours(precision)) as server:
            self.found["cpu"][precision] = server.level(4 * usable_cores(), self._seconds).rate
