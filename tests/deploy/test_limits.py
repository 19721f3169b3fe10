"""How much one caller may ask of nginx, who counts as one, and that others may go on."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.deploy.fake_hosts import Front, host
from tests.deploy.plain_words import Said, check_problem, say, say_often
from tests.e2e.server import until


@pytest.mark.parametrize("path", ["/predict", "/jobs", "/readyz"])
def test_one_caller_may_not_ask_too_often_and_others_may(front: Front, path: str) -> None:
    """Whatever the first says of himself."""
    sound = host()
    nginx = front.of(sound, REQUESTS_PER_S="1", REQUESTS_BURST="2")
    words = f"POST {path} HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 9.9.9.9\r\nContent-Length: 0\r\n\r\n"
    statuses = say_often(nginx, words, 40)
    assert statuses[:3] == [200] * 3
    assert 429 in statuses
    assert len(sound.asked) == statuses.count(200)
    assert say(nginx, words, source="127.0.0.9").status == 200
    answers = list[Said]()

    def is_refused() -> bool:
        answers.append(say(nginx, words))
        return answers[-1].status == 429

    until(is_refused, "never refused again")
    check_problem(answers[-1], "rate_limited")


def test_all_addresses_of_one_ipv6_subscriber_are_one_caller(tmp_path: Path) -> None:
    """He has a /64 of them."""
    addresses = [*(f"fd00::{number}:1" for number in range(1, 13)), "fd00:0:0:1::1", "fd00:0:0:2::1"]
    own = ("unshare", "--net")
    if subprocess.run([*own, "ip", "link", "set", "lo", "up"], check=False, capture_output=True).returncode:
        pytest.skip("needs to make a network of its own (Debian: iproute2, and root)")
    command = [*own, sys.executable, "-m", "tests.deploy.subscriber", str(tmp_path), *addresses]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stderr
    statuses = told.stdout.split()
    assert statuses[:3] == ["200"] * 3
    assert "429" in statuses[3:12]
    assert statuses[12:] == ["200"] * 2, "other subscribers"


def test_one_caller_may_not_send_too_much_at_once_and_others_may(front: Front) -> None:
    nginx = front.of(host(), UPLOADS_AT_ONCE="1", REQUESTS_PER_S="10000", REQUESTS_BURST="10000")
    begun = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"
    whole = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
    with nginx.connect() as slow:
        slow.sendall(begun.encode())
        until(lambda: say(nginx, whole).status == 429, "both are let in")
        assert say(nginx, whole, source="127.0.0.9").status == 200
    until(lambda: say(nginx, whole).status == 200, "the place is never free again")
