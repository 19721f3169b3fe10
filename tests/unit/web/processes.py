"""Processes that count, played one after the other by the test's own."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Counter, Gauge, Histogram, values
from prometheus_client.values import MultiProcessValue

from web.metrics_folder import VARIABLE

ALONE = values.ValueClass


class Processes:
    """They share *folder*."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._patch = monkeypatch
        monkeypatch.setenv(VARIABLE, str(folder))

    def become(self, pid: int) -> None:
        """Let what is made from now on count for process *pid*."""
        identify: Callable[[], int] = lambda: pid  # noqa: E731
        self._patch.setattr(values, "ValueClass", MultiProcessValue(identify))

    def count(self, pid: int, times: int = 1, seconds: float = 0.2) -> None:
        """Count *times* as process *pid*: a counter, a histogram and a gauge of the living."""
        self.become(pid)
        counted = Counter("asked", "", ["what"], registry=None).labels("this")
        timed = Histogram("took_seconds", "", registry=None, buckets=(0.1, 1))
        Gauge("busy", "", registry=None, multiprocess_mode="livesum").set(1)
        for _ in range(times):
            counted.inc()
            timed.observe(seconds)

    def files(self) -> set[str]:
        """The names of the files there are."""
        return set(os.listdir(self.folder))
