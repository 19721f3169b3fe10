"""One image takes all cores where it is alone, else its share."""

import pytest

from jobs.crowd import Crowd


@pytest.mark.parametrize(
    ("open_chunks", "cores", "processes", "share"),
    [
        (1, 8, 8, 8),
        (2, 8, 8, 4),
        (3, 8, 8, 2),
        (100, 8, 8, 1),
        (100, 8, 2, 4),  # processes of ours are all that compute
        (100, 2, 8, 1),
        (0, 4, 4, 4),  # what is at hand was the last
    ],
)
def test_a_share_of_the_cores(open_chunks: int, cores: int, processes: int, share: int) -> None:
    crowd = Crowd(cores, processes)
    crowd.note(open_chunks)
    assert crowd.fair_share() == share


def test_before_anything_is_known_it_is_alone() -> None:
    assert Crowd(4, 4).fair_share() == 4
