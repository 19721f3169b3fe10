"""How much one caller may ask of nginx, who counts as one, and that others may go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.fake_hosts import Front, host
from tests.deploy.plain_words import say
from tests.deploy.test_nginx import check_problem
from tests.e2e.server import until


def test_one_caller_may_not_ask_too_often_and_others_may(front: Front) -> None:
    """Whatever the first says of himself."""
    sound = host()
    nginx = front.of(sound, REQUESTS_PER_S="1", REQUESTS_BURST="2")
    words = "POST /predict HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: {}\r\nContent-Length: 0\r\n\r\n"
    first = [say(nginx, words.format(f"9.9.9.{number}")) for number in range(6)]
    assert [said.status for said in first].count(429) >= 2
    check_problem(next(said for said in first if said.status == 429), "rate_limited")
    assert say(nginx, words.format("x"), source="127.0.0.9").status == 200
    assert len(sound.asked) < 7


def test_all_addresses_of_one_ipv6_subscriber_are_one_caller(tmp_path: Path) -> None:
    """He has a /64 of them."""
    addresses = [*(f"fd00::{number}:1" for number in range(1, 7)), "fd00:0:0:1::1", "fd00:0:0:2::1"]
    own = ("unshare", "--net")
    if subprocess.run([*own, "ip", "link", "set", "lo", "up"], check=False, capture_output=True).returncode:
        pytest.skip("needs to make a network of its own (Debian: iproute2, and root)")
    command = [*own, sys.executable, "-m", "tests.deploy.subscriber", str(tmp_path), *addresses]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    statuses = told.stdout.split()
    assert statuses[:3] == ["200"] * 3
    assert statuses[3:6].count("429") >= 2
    assert statuses[6:] == ["200"] * 2, "other subscribers"


def test_one_caller_may_not_send_too_much_at_once_and_others_may(front: Front) -> None:
    nginx = front.of(host(), UPLOADS_AT_ONCE="1")
    begun = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    whole = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with nginx.connect() as slow:
        slow.sendall(begun.encode())
        until(lambda: say(nginx, whole).status == 429, "both are let in")
        assert say(nginx, whole, source="127.0.0.9").status == 200
    until(lambda: say(nginx, whole).status == 200, "the place is never free again")
