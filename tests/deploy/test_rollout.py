"""Three hosts behind nginx, each in a network of its own: restarted, cut off, and beside callers who never end."""

import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles

import pytest

from bench.tree import cpu_s
from cli.load.loops import fixed, poisson
from tests.conftest import ROOT
from tests.deploy.fleet import Fleet, fleet
from tests.deploy.visitors import Visit, Visitors
from tests.e2e.server import STOP_S, until
from tests.pictures import encode, photo_like

JPEG = encode(photo_like(400, 500), "JPEG")
LONG_S = 60
SHARE = 0.7  # of the peak


@pytest.fixture(scope="module")
def three(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet"), small_cache) as made:
        yield made


def failed(visits: list[Visit]) -> list[Visit]:
    return [visit for visit in visits if visit.status != 200]


def test_a_rolling_restart_of_all_hosts_loses_no_request(three: Fleet) -> None:
    visitors = Visitors(three.nginx, JPEG)
    with visitors.coming(fixed(rate=15, seconds=600)) as over:
        for number in range(3):
            until(lambda number=number: three.done(number) > 5, "it takes no part")  # type: ignore[misc]
            three.restart(number)
        until(lambda: all(three.done(number) > 5 for number in range(3)), "not all take part again")
        over.set()
    assert not failed(visitors.visits)


@pytest.mark.slow
def test_a_rolling_restart_at_70_percent_of_the_peak_loses_no_request(three: Fleet) -> None:
    visitors, rate = _at_70_percent(three)
    used = cpu_s(three.nginx.process.pid)
    with visitors.coming(poisson(rate, LONG_S)):
        for number in range(3):
            time.sleep(LONG_S / 8)
            three.restart(number)
    cost_ms = (cpu_s(three.nginx.process.pid) - used) / len(visitors.visits) * 1e3
    lost = failed(visitors.visits)
    told = f"{len(visitors.visits)} requests at {rate:.0f}/s, {len(lost)} lost {lost[:3]}"
    print(f"\nrolling restart of three: {told}, p99 {_p99(visitors.visits):.0f} ms; ", end="")
    print(f"nginx: {cost_ms:.2f} ms of CPU a request with its TLS handshake")
    assert not lost


@pytest.mark.slow
def test_a_host_that_is_cut_off_loses_at_most_what_it_held(three: Fleet) -> None:
    visitors, rate = _at_70_percent(three)
    machine = three.machines[1]
    with visitors.coming(poisson(rate, LONG_S)):
        time.sleep(LONG_S / 4)
        machine.cut_off()
        cut = time.monotonic()
        time.sleep(LONG_S / 2)  # longer than nginx waits for an answer
        machine.connect()
        connected, before = time.monotonic(), three.done(1)
        until(lambda: three.done(1) > before + 5, "it never takes part again")
    lost = failed(visitors.visits)
    in_flight = [visit for visit in visitors.visits if visit.due <= cut < visit.ended]
    held = [visit for visit in in_flight if machine.address in three.nginx.event(visit.request_id)["host"]]
    later = max(visit.latency_s for visit in visitors.visits if cut < visit.due < connected)
    print(
        f"\ncut off at {rate:.0f}/s: {len(lost)} lost of {len(held)} that it held, {len(visitors.visits)} in all; ",
        end="",
    )
    print(f"the slowest of those that came until it was back: {later * 1e3:.0f} ms")
    assert all(visit in held for visit in lost)


@contextmanager
def tricklers(port: int, heads: int, bodies: int) -> Iterator[None]:
    """Let them trickle meanwhile."""
    elsewhere = ("chrt", "--idle", "0")  # what they cost themselves is not the machine's
    command = [*elsewhere, sys.executable, "-m", "tests.deploy.tricklers", str(port), str(heads), str(bodies)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert select.select([process.stdout], [], [], STOP_S)[0], "not all could begin"
            assert process.stdout.readline() == b"ready\n"
            yield
            assert process.poll() is None
        finally:
            process.kill()


@pytest.mark.slow
def test_a_thousand_callers_who_never_end_delay_nobody(three: Fleet) -> None:
    """500 that never end their head, 500 that never end their body; p99 of the others with and without them."""
    visitors, rate = _at_70_percent(three)
    without, beside = list[Visit](), list[Visit]()
    for number in range(4):
        _honest(visitors, rate / 2, number, without)
        with tricklers(three.nginx.port, 500, 500):
            _honest(visitors, rate / 2, number, beside)
    ratio = _p99(beside) / _p99(without)
    print(f"\np99 beside 500 slow heads and 500 slow bodies: {_p99(beside):.0f} ms, ", end="")
    print(f"without {_p99(without):.0f}: {ratio:.2f} x")
    assert not failed(without + beside)
    assert ratio < 1.5


def _honest(visitors: Visitors, rate: float, seed: int, visits: list[Visit]) -> None:
    visitors.visits.clear()
    with visitors.coming(poisson(rate, LONG_S / 4, seed)):
        pass
    visits += visitors.visits


def _at_70_percent(three: Fleet) -> tuple[Visitors, float]:
    visitors = Visitors(three.nginx, JPEG)
    visitors.peak(2)
    rate = SHARE * visitors.peak(8)
    visitors.visits.clear()
    return visitors, rate


def _p99(visits: list[Visit]) -> float:
    """In milliseconds, from when they were due."""
    return quantiles([visit.latency_s for visit in visits], n=100)[98] * 1e3
