"""What the figures of an overload are, from runs that are known."""

from bench.overload import Run, figures_of
from cli.load.tally import Tally


def run(service_cpu_s: float, ok: int, latency_s: float = 0.1, refused: int = 0, resets: int = 0) -> Run:
    """A run of 10 s with its good answers evenly spaced."""
    tally = Tally(10.0, [latency_s] * ok, [10 * n / ok for n in range(ok)], [0.001] * refused, resets=resets)
    return Run(tally, service_cpu_s)


ALONE = run(10, ok=100, latency_s=0.05)
PEAKS = [run(20, ok=100)] * 3  # 10 answers a second, 0.2 CPU seconds each


def values(factor: int, overload: Run) -> dict[str, float]:
    return {figure.name: figure.value for figure in figures_of(factor, overload, ALONE, PEAKS)}


def test_a_service_that_refuses_what_it_cannot_serve_reaches_every_goal() -> None:
    figures = figures_of(3, run(18.4, ok=90, latency_s=0.4, refused=200), ALONE, PEAKS)
    assert [round(figure.value, 6) for figure in figures] == [0.9, 8, 0, 0]
    assert [figure.reached for figure in figures] == [True, True, True, True]


def test_slow_answers_and_resets_miss_their_goals() -> None:
    overload = run(20, ok=80, latency_s=0.6, resets=1)
    overload.tally.timeouts = 1
    figures = figures_of(3, overload, ALONE, PEAKS)
    assert [figure.reached for figure in figures] == [False, False, False, False]


def test_five_times_the_peak_is_reported_without_a_goal() -> None:
    assert all(figure.reached is None for figure in figures_of(5, run(20, ok=90, refused=1), ALONE, PEAKS))


def test_a_service_that_answers_nothing_has_no_p99() -> None:
    found = values(3, run(0, ok=0, refused=10))
    assert found["3 x the peak: goodput, share of the peak"] == 0
    assert not any("p99" in name for name in found)
