"""Why workers ended, counted by their master, who alone outlives them."""

from functools import cache

from prometheus_client import Counter

from web.watchdog import Ending


def count_death(ending: Ending) -> None:
    """Count the end of a worker."""
    deaths().labels(ending.value).inc()


@cache
def engine_deaths() -> Counter:
    """Return the master's counter of engine processes that ended before they were told."""
    return Counter("triptych_engine_deaths", "Engine processes that ended by themselves", registry=None)


@cache
def deaths() -> Counter:
    """Return the master's counter; every reason is there from the start, so that the first one shows as a rise."""
    made = Counter("triptych_worker_deaths", "Workers that ended, by reason", ["reason"], registry=None)
    for ending in Ending:
        made.labels(ending.value)
    return made
