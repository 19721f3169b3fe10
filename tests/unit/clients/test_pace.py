"""Waiting, with a clock of the test's own."""

from collections.abc import Callable

import pytest

from clients.triptych_client import Pace, TriptychError


class Clock:
    """Time passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def pause(self, wait_s: float) -> bool:
        self.now += wait_s
        return False


@pytest.mark.parametrize("status", [429, 503])
def test_nobody_asks_again_before_the_time_the_service_gave(status: int) -> None:
    clock, asked = Clock(), []
    pace = Pace(clock, clock.pause)

    def busy_once() -> str:
        asked.append(clock.now)
        if len(asked) == 1:
            raise TriptychError("overloaded", "", status, retry_after=7)
        return "answer"

    assert pace.call(busy_once, 100) == "answer"
    assert asked[1] >= 7


def test_who_asks_for_another_photo_holds_back_too() -> None:
    clock = Clock()
    pace = Pace(clock, clock.pause)

    def busy() -> None:
        raise TriptychError("overloaded", "", 503, retry_after=7)

    with pytest.raises(TriptychError, match="gave_up"):
        pace.call(busy, 10)
    assert pace.call(clock, 10) >= 7


def test_why_nothing_comes_is_told_now_and_then() -> None:
    """However many photos meet it."""
    clock, told = Clock(), list[str]()
    pace = Pace(clock, clock.pause, told.append)

    def busy_once() -> Callable[[], str]:
        answers = iter([TriptychError("overloaded", "", 503, retry_after=1)])

        def ask() -> str:
            if error := next(answers, None):
                raise error
            return "answer"

        return ask

    for _ in range(10):
        assert pace.call(busy_once(), 100) == "answer"
    assert len(told) == 1
    clock.now += 60
    pace.call(busy_once(), 100)
    assert len(told) == 2
