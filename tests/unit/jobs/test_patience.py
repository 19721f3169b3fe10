import pytest
import redis

from jobs.errors import StoreUnreachable
from jobs.patience import SPARED_S, Patience


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def is_asked(patience: Patience, error: Exception | None = None) -> bool:
    """Say whether Redis was asked, which answers with *error*."""
    asked = False
    try:
        with patience.reached():
            asked = True
            if error:
                raise error
    except StoreUnreachable:
        pass
    return asked


def test_after_a_silence_redis_is_not_asked_for_a_while() -> None:
    clock = Clock()
    patience = Patience(clock)
    assert is_asked(patience, redis.TimeoutError())
    assert not is_asked(patience)
    clock.now += SPARED_S
    assert is_asked(patience)


@pytest.mark.parametrize("error", [redis.ConnectionError("refused"), redis.ResponseError("OOM"), None])
def test_after_anything_else_it_is_asked_again_at_once(error: Exception | None) -> None:
    patience = Patience(Clock())
    assert is_asked(patience, error)
    assert is_asked(patience)


def test_a_fault_of_ours_is_not_taken_for_redis_s() -> None:
    with pytest.raises(ZeroDivisionError), Patience(Clock()).reached():
        raise ZeroDivisionError
