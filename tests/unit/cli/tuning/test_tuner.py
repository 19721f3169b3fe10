"""Trying a candidate, with a service of a few lines in place of Gunicorn."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cli.load.exchange import Request
from cli.load.tally import Tally
from cli.service_process import ServiceFailed
from cli.tuning.candidate import Candidate
from cli.tuning.tuner import Start, Tuning
from models.manifest import Precision
from tests.unit.cli.load.servers import OK, REFUSED, Behaviour, answering, read_request, server

CANDIDATE = Candidate(1, 1, Precision.FLOAT32)


def starting(behave: Behaviour, up: list[Candidate]) -> Start:
    """A service that behaves so; *up* holds what runs."""

    @contextmanager
    def start(candidate: Candidate) -> Iterator[str]:
        with server(behave) as url:
            up.append(candidate)
            yield url.removesuffix("/predict")
            up.remove(candidate)

    return start


def tuning(start: Start) -> Tuning:
    return Tuning(start, 0.1, lambda line: None)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "x.jpg").write_bytes(b"picture")
    return tmp_path / "x.jpg"


def scripted(*latencies_s: float) -> tuple[Tuning, list[int]]:
    """A tuning whose runs, the warming one first, have these latencies; the connections of each run."""
    connections: list[int] = []

    def load(request: Sequence[Request], connections_: int, seconds: float, ramp_s: float) -> Tally:
        connections.append(connections_)
        return Tally(seconds, ok=[latencies_s[len(connections) - 1]])

    return Tuning(starting(answering(OK), []), 1, lambda line: None, load), connections


def test_connections_rise_until_the_rate_does_not(photo: Path) -> None:
    found, connections = scripted(9, 0.1, 0.1, 0.15, 0.4)
    trial = found.trial(CANDIDATE, [photo], 10_000)
    assert connections == [2, 1, 2, 4, 8], "8 connections at 0.4 s are 20 a second; 4 at 0.15 were more"
    assert [point.rate for point in trial.points] == pytest.approx([10, 20, 26.7, 20], abs=0.1)


def test_a_target_that_is_missed_twice_ends_the_trial(photo: Path) -> None:
    found, connections = scripted(9, 0.1, 0.3, 0.4)
    trial = found.trial(CANDIDATE, [photo], 200)
    assert connections == [2, 1, 2, 2]
    assert [point.meets(200) for point in trial.points] == [True, False]


def test_one_miss_is_forgiven(photo: Path) -> None:
    found, connections = scripted(9, 0.3, 0.1, 0.1, 0.3, 0.3)
    trial = found.trial(CANDIDATE, [photo], 200)
    assert connections == [2, 1, 1, 2, 4, 4]
    best = trial.best(200)
    assert best is not None
    assert best.rate == pytest.approx(20)


def test_a_real_load_ends_and_leaves_nothing_running(photo: Path) -> None:
    up: list[Candidate] = []
    trial = tuning(starting(answering(OK), up)).trial(CANDIDATE, [photo], 10_000)
    assert trial.best(10_000) is not None
    assert not up


def test_refusals_end_the_trial_and_count_as_failed(photo: Path) -> None:
    trial = tuning(starting(answering(REFUSED), [])).trial(CANDIDATE, [photo], 10_000)
    assert len(trial.points) == 1
    assert trial.points[0].failed > 0


def test_what_does_not_start_is_a_trial_with_its_reason(photo: Path) -> None:
    def start(candidate: Candidate) -> AbstractContextManager[str]:
        raise ServiceFailed("no memory")

    assert tuning(start).trial(CANDIDATE, [photo], 1).problem == "no memory"


def test_photos_that_the_service_refuses_are_left_out(photo: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"nonsense")

    def judge(connection: socket.socket) -> None:
        bad = b"nonsense" in read_request(connection)
        connection.sendall(OK.replace(b"200", b"415") if bad else OK)

    with starting(judge, [])(CANDIDATE) as url:
        found = tuning(starting(judge, []))
        assert found.accepted(url, [tmp_path / "bad.jpg", photo]) == [photo]
        assert found.lone_ms(url, [photo]) > 0
        with pytest.raises(ServiceFailed, match="answers nothing"):
            found.lone_ms(url, [tmp_path / "bad.jpg"])
