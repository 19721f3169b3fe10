"""Settings -> parts."""

import pytest

from config import load_settings
from cores import usable_cores
from models.registry import Load
from wiring import keeps_tables, make_service, prepared_models


@pytest.mark.parametrize(
    ("models", "workers", "cores", "kept"),
    [(1, 2, 2, True), (1, 1, 2, True), (1, 3, 2, False), (2, 2, 2, False), (3, 1, 2, False)],
)
def test_an_engine_keeps_its_tables_only_where_they_are_few(models: int, workers: int, cores: int, kept: bool) -> None:
    assert keeps_tables(models, workers, cores) is kept


@pytest.fixture
def load() -> Load:
    def never(name: str) -> None:
        raise AssertionError(name)

    return never  # type: ignore[return-value]


def test_a_request_shares_the_cores_with_those_who_wait_at_the_door(load: Load) -> None:
    settings = load_settings({})
    service = make_service(settings, prepared_models(settings), load)
    cores = service.road()._cores
    service.admission.open(lambda: 0, usable_cores())
    assert cores._limit() == cores._most
    service.admission.open(lambda: 1, usable_cores())
    assert cores._limit() == 1
