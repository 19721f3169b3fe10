"""Two trees that take turns."""

from collections.abc import Callable

from bench.cost import in_turns


def test_each_goes_first_in_every_other_pair_and_is_told_from_the_other() -> None:
    order = list[str]()

    def named(name: str, costs: float) -> Callable[[], float]:
        def cost() -> float:
            order.append(name)
            return costs

        return cost

    assert in_turns(named("old", 3.0), named("new", 4.0), 3) == [(3.0, 4.0)] * 3
    assert order == ["old", "new", "new", "old", "old", "new"]
