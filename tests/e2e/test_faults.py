"""The fault table: what was lost. `pytest -s tests/e2e/test_faults.py` prints it; -m slow has the long ones."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cli.load.exchange import Request
from cli.load.loops import closed_loop
from tests.conftest import ROOT
from tests.e2e.callers import Fate, calling
from tests.e2e.server import STOP_S, Server, environment, running, stopped, until
from tests.e2e.test_probes import reasons, scraped
from tests.pictures import encode, multipart, photo_like

UPLOAD = encode(photo_like(300, 300), "JPEG")
LOAD_S = 3.0  # the replacement answers after one of the two that are left
GOODBYES = 500
SLOW, SLOW_S = 50, 3.0


def parts(whole: bytes, count: int) -> Iterator[bytes]:
    """Cut *whole* into *count* parts or one more."""
    size = max(1, len(whole) // count)
    return (whole[at : at + size] for at in range(0, len(whole), size))


class Table:
    """Rows of what happened and what was lost."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, str]] = []

    def add(self, fault: str, found: str) -> None:
        """Keep one row."""
        self.rows.append((fault, found))


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    made = Table()
    yield made
    width = max((len(fault) for fault, _ in made.rows), default=0)
    print("\n\n" + "\n".join(f"{fault:{width}}  {found}" for fault, found in made.rows))


@pytest.fixture
def server(small_cache: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(small_cache, tmp_path / "log") as made:
        yield made


@contextmanager
def serving(cache: Path, log: Path, *, python: str = sys.executable, **settings: str) -> Iterator[Server]:
    """Two workers with MobileNetV2."""
    wanted = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "PRECISION": "float32", "WORKERS": "2"} | settings
    with running(log, python=python, CACHE_DIR=str(cache), **wanted) as made:
        made.workers(2)
        yield made


def test_a_worker_killed_under_load_loses_what_it_had_accepted_and_no_more(server: Server, table: Table) -> None:
    request = Request.upload(f"{server.url}/predict", UPLOAD)
    before = server.workers(2)
    victim, sibling = sorted(before)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(closed_loop, request, 6, LOAD_S, ramp_s=0.0)
        time.sleep(LOAD_S / 3)  # of the load, so that the fault falls into its middle
        os.kill(victim, signal.SIGKILL)
        tally = load.result()
    assert tally.resets <= 1, "a worker has accepted one connection at a time"
    assert tally.failed == tally.resets
    assert sibling in server.workers(2), "the sibling goes on"
    rate = len(tally.ok) / LOAD_S
    table.add("kill -9 of one of 2 workers", f"{tally.resets} lost of {tally.total} ({rate:.0f}/s)")


THREE = {"MODELS": "vgg16,resnet50,inceptionv3", "PRECISION": "int8"}


def test_the_replacement_of_a_killed_worker_answers_within_three_seconds(
    small_cache: Path, tmp_path: Path, table: Table
) -> None:
    replace(small_cache, tmp_path / "log", table, "its replacement")


@pytest.mark.slow
def test_the_replacement_of_one_with_three_networks_does_so_too(
    random_cache: Path, tmp_path: Path, table: Table
) -> None:
    replace(random_cache, tmp_path / "log", table, "its replacement, three networks", **THREE)


def replace(cache: Path, log: Path, table: Table, what: str, **networks: str) -> None:
    with serving(cache, log, **networks) as server:
        victim, sibling = sorted(server.workers(2))
        assert reasons(server) == {}
        with stopped(sibling):
            os.kill(victim, signal.SIGKILL)
            killed = time.monotonic()
            assert server.predict(UPLOAD).status_code == 200
            took_s = time.monotonic() - killed
    table.add(what, f"answers {took_s:.2f} s after the kill")
    assert took_s < 3


def test_a_stop_under_load_loses_nothing(server: Server, table: Table) -> None:
    with calling(f"{server.url}/predict", UPLOAD, 12) as callers:
        until(lambda: callers.fates[200] > 50, "not answering")
        told = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_S) == 0
    assert callers.fates.keys() <= {200, 503, Fate.REFUSED}
    fates = ", ".join(f"{count} {fate}" for fate, count in callers.fates.items())
    table.add("SIGTERM under load, DRAIN_S=0", f"0 lost ({fates}); exit 0 after {time.monotonic() - told:.1f} s")


def test_callers_who_send_half_a_body_and_leave_harm_nobody(server: Server, table: Table) -> None:
    before = server.workers(2)
    form = multipart(UPLOAD)
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {form['content_type']}\r\n"
    half = f"{head}Content-Length: {len(form['data'])}\r\n\r\n".encode() + form["data"][: len(form["data"]) // 2]
    url = urlsplit(server.url)
    with calling(f"{server.url}/predict", UPLOAD, 2) as callers:
        for _ in range(GOODBYES):
            with socket.create_connection((url.hostname, url.port or 0), timeout=60) as caller:
                caller.sendall(half)
        until(lambda: callers.fates[200] > 20, "not answering")
    assert callers.fates.keys() <= {200, 503}
    assert server.workers(2) == before
    assert reasons(server) == {}
    table.add(f"{GOODBYES} callers leave in mid-body", f"others meanwhile: {dict(callers.fates)}; the same workers")


CLOCK = """
import time
from pathlib import Path
_real, _jump = time.time, Path({jump!r})
def _jumping():
    return _real() + (float(_jump.read_text()) if _jump.exists() else 0.0)
time.time = _jumping
"""


def jumped_by(server: Server) -> float:
    """Seconds between our clock and that of the worker whose self-test has the oldest time."""
    return scraped(server, "triptych_self_test_timestamp_seconds") - time.time()


@pytest.mark.parametrize("jump_s", [pytest.param(-86_400, marks=pytest.mark.slow), 86_400])
def test_a_clock_that_jumps_changes_nothing(
    small_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, table: Table, jump_s: int
) -> None:
    (tmp_path / "sitecustomize.py").write_text(CLOCK.format(jump=str(tmp_path / "jump")))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with serving(small_cache, tmp_path / "log", SELF_TEST_S="0.5", DRAIN_S="1") as server:
        before = server.workers(2)
        assert jumped_by(server) == pytest.approx(0, abs=60)
        with calling(f"{server.url}/predict", UPLOAD, 2) as callers:
            until(lambda: callers.fates[200] > 20, "not answering")
            (tmp_path / "jump").write_text(str(jump_s))
            until(lambda: callers.fates[200] > 60, "not answering any more")
            until(lambda: abs(jumped_by(server) - jump_s) < 60, "the clock never jumped")
        assert callers.fates.keys() == {200}
        assert server.workers(2) == before
        assert reasons(server) == {}
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(STOP_S) == 0
    table.add(f"clock jumps by {jump_s:+} s", f"{callers.fates[200]} of {callers.fates.total()} answered; exit 0")


def in_a_world_of_its_own(tmp_path: Path, *mounts: str) -> str:
    """Return a Python that sees *mounts* (shell), and only it."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs to be root and allowed to mount (unshare -m)")
    wrapper = tmp_path / "python"
    lines = ["#!/usr/bin/env -S unshare -m bash", "set -e", *mounts, f'exec {sys.executable} "$@"']
    wrapper.write_text("\n".join(lines) + "\n")
    wrapper.chmod(0o755)
    return str(wrapper)


FULL = "mount -t tmpfs -o size=64k none {0}; cat /dev/zero > {0}/filling 2>/dev/null || true"
READ_ONLY = "mount -t tmpfs none {0}; mount -o remount,ro {0}"
DISKS = {
    "/dev/shm full, cache read-only": [FULL.format("/dev/shm")],
    "/dev/shm read-only, cache read-only": [READ_ONLY.format("/dev/shm"), "mount -t tmpfs none /tmp"],
    "/dev/shm, /tmp full, the rest read-only": [
        *(FULL.format(place) for place in ("/dev/shm", "/tmp", "/var/tmp")),
        f"mount --bind {ROOT} {ROOT}; mount -o remount,bind,ro {ROOT}",
    ],
}


@pytest.mark.parametrize("fault", DISKS)
def test_a_start_on_a_full_disk_serves(copied_cache: Path, tmp_path: Path, table: Table, fault: str) -> None:
    if "/tmp" in " ".join(DISKS[fault]) and ROOT.is_relative_to("/tmp"):
        pytest.skip("needs a checkout outside /tmp, which this fault covers")
    shutil.rmtree(copied_cache / "models/mobilenetv2/random/machine", ignore_errors=True)  # so that it must be made
    cache = f"mount --bind {copied_cache} {copied_cache}; mount -o remount,bind,ro {copied_cache}"
    # pytest's folder lies in /tmp, which one of these covers: what is needed is bound to a place of its own first
    keep = f"mount -t tmpfs none /mnt; mkdir /mnt/kept; mount --rbind {tmp_path} /mnt/kept"
    python = in_a_world_of_its_own(tmp_path, cache, keep, *DISKS[fault])
    with serving(Path("/mnt/kept/cache"), tmp_path / "log", python=python, PREPARE="never") as server:
        assert reasons(server) == {}, server.log.read_text()
        assert server.predict(UPLOAD).status_code == 200
        told = [line for line in server.log.read_text().splitlines() if "packed" in line]
    table.add(fault, f"serves; says: {told[-1].partition(': ')[2] if told else 'nothing'}")


def test_a_disk_too_full_to_prepare_a_model_is_named_before_anything_is_done(tmp_path: Path, table: Table) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    python = in_a_world_of_its_own(tmp_path, f"mount -t tmpfs -o size=8m none {cache}")
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(cache), "PORT": "0"}
    command = [python, "-m", "gunicorn", "app:app"]
    done = subprocess.run(command, env=environment(**settings), capture_output=True, text=True, check=False)
    assert done.returncode not in (0, 3)
    last = done.stderr.strip().splitlines()[-1]
    assert "MB free" in last
    table.add("cache full, nothing prepared", f"exit {done.returncode}: {last.replace(str(cache), 'CACHE_DIR')}")


@pytest.mark.slow
def test_fifty_slow_bodies_hold_the_workers_and_are_survived(server: Server, table: Table) -> None:
    """A measurement: how long others wait while SLOW callers take SLOW_S each to send a body."""
    before = server.workers(2)
    form, url = multipart(UPLOAD), urlsplit(server.url)
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: {form['content_type']}\r\n"
    start = f"{head}Content-Length: {len(form['data'])}\r\n\r\n".encode()

    def dawdle(_: int) -> bytes:
        with socket.create_connection((url.hostname, url.port or 0), timeout=600) as caller:
            try:
                caller.sendall(start)
                for part in parts(form["data"], 10):
                    time.sleep(SLOW_S / 10)  # what a slow sender does
                    caller.sendall(part)
                return caller.makefile("rb").readline()[9:12]
            except OSError:
                return b"reset"

    waits = []
    with ThreadPoolExecutor(SLOW) as pool:
        slow = [pool.submit(dawdle, number) for number in range(SLOW)]
        while not all(each.done() for each in slow):
            asked = time.monotonic()
            assert server.get("/livez").status_code == 200
            waits.append(time.monotonic() - asked)
    answers = [each.result().decode() for each in slow]
    assert server.workers(2) == before
    assert server.predict(UPLOAD).status_code == 200
    counts = {answer: answers.count(answer) for answer in sorted(set(answers))}
    table.add(f"{SLOW} bodies that take {SLOW_S:g} s each", f"{counts}; /livez waits {max(waits):.1f} s at most")
