"""Settings -> parts."""

import pytest

from wiring import keeps_tables


@pytest.mark.parametrize(
    ("models", "workers", "cores", "kept"),
    [(1, 2, 2, True), (1, 1, 2, True), (1, 3, 2, False), (2, 2, 2, False), (3, 1, 2, False)],
)
def test_an_engine_keeps_its_tables_only_where_they_are_few(models: int, workers: int, cores: int, kept: bool) -> None:
    assert keeps_tables(models, workers, cores) is kept
