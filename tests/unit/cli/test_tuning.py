"""Trying a candidate, with a service of a few lines in place of Gunicorn."""

import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from cli.candidate import Candidate
from cli.service_process import ServiceFailed
from cli.tuning import Start, Tuning
from models.manifest import Precision
from tests.unit.test_load import OK, REFUSED, Behaviour, answering, read_request, server

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


def tuning(start: Start, told: list[str] | None = None) -> Tuning:
    return Tuning(start, 0.1, (told if told is not None else []).append)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    (tmp_path / "x.jpg").write_bytes(b"picture")
    return tmp_path / "x.jpg"


def test_connections_rise_until_the_rate_does_not(photo: Path) -> None:
    told: list[str] = []
    up: list[Candidate] = []
    trial = tuning(starting(answering(OK), up), told).trial(CANDIDATE, [photo], 10_000)
    assert [point.connections for point in trial.points] == [1, 2, 4, 8, 16, 32, 64][: len(trial.points)]
    assert len(told) == len(trial.points) > 1
    assert trial.best(10_000) is not None
    assert not up


def test_a_target_that_a_lone_request_misses_ends_the_trial_at_once(photo: Path) -> None:
    trial = tuning(starting(answering(OK), [])).trial(CANDIDATE, [photo], 1e-6)
    assert len(trial.points) == 1
    assert trial.best(1e-6) is None


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
