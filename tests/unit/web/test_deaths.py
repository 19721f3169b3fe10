"""Why a worker ended."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.web.processes import Processes
from web import deaths
from web.deaths import count_death
from web.watchdog import Ending


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    Processes(tmp_path, monkeypatch).become(1)
    deaths.deaths.cache_clear()
    yield
    deaths.deaths.cache_clear()


def counted() -> dict[str, float]:
    samples = next(iter(deaths.deaths().collect())).samples
    return {sample.labels["reason"]: sample.value for sample in samples if sample.name.endswith("_total")}


@pytest.mark.usefixtures("fresh")
def test_every_reason_is_there_from_the_start_and_counts() -> None:
    assert counted() == {"told": 0, "hung": 0, "silent": 0, "killed": 0}
    count_death(Ending.HUNG)
    count_death(Ending.KILLED)
    count_death(Ending.KILLED)
    assert counted() == {"told": 0, "hung": 1, "silent": 0, "killed": 2}
