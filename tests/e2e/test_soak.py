"""Twenty thousand damaged uploads: no worker dies, nothing fails that should not, memory stays where it is."""

import collections
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from bench.tree import pss_mb
from tests.e2e.server import Server, running
from tests.hostile.test_fuzz import damaged
from tests.served import mobilenet

UPLOADS, EVERY = 20_000, 200
DESIGNED = {200, 413, 415, 422, 503, 504}
NOISE_MB = 2.0
BLUR_MB = 5.0  # an error above it says nothing about growth


def soak(server: Server, uploads: int) -> tuple[collections.Counter[int], list[float]]:
    """Return how often each status came, and the PSS of the tree (MB) after each EVERY uploads."""
    statuses: collections.Counter[int] = collections.Counter()
    memory: list[float] = []

    @settings(max_examples=uploads, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(damaged())
    def send(upload: bytes) -> None:
        statuses[server.predict(upload).status_code] += 1
        if statuses.total() % EVERY == 0:
            memory.append(pss_mb(server.process.pid))

    while statuses.total() < uploads:  # Hypothesis may stop earlier, where it thinks that it has seen all
        send()
    return statuses, memory


@pytest.mark.slow
def test_twenty_thousand_damaged_uploads_leave_no_mark(small_cache: Path, tmp_path: Path) -> None:
    given_ = mobilenet(small_cache)
    with running(tmp_path / "log", WORKERS="2", **given_) as server:
        workers = server.workers(2)
        statuses, memory = soak(server, UPLOADS)
        assert server.workers(2) == workers
        assert "Traceback" not in server.log.read_text(errors="replace")
    half = np.array(memory[len(memory) // 2 :])
    line, covariance = np.polyfit(np.arange(len(half)), half, 1, cov=True)
    growth, error = line[0] * len(half), 2 * covariance[0, 0] ** 0.5 * len(half)
    print(f"\n{statuses.total()} uploads: {dict(statuses)}")
    print(f"PSS {memory[0]:.1f} MB, at half {half[0]:.1f}, at the end {half[-1]:.1f}; ", end="")
    print(f"over the last half {growth:+.2f} MB (95 %: +- {error:.2f})")
    assert set(statuses) <= DESIGNED
    assert error < BLUR_MB
    assert growth < max(NOISE_MB, error)
