"""How fast something goes that is called again and again."""

import time
from collections.abc import Callable
from statistics import median


def rate(run: Callable[[], object], amount: float, seconds: float) -> float:
    """Return the amount a second of *run*, which does *amount*, by the median of its calls within *seconds*."""
    run()
    times = list[float]()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return amount / median(times)
