"""Who may call, how often, and from where: in real workers."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT
from tests.e2e.server import Server, environment, run_flask, running, stopped, until
from tests.pictures import encode, photo_like
from tests.redis_server import RedisServer, redis_server
from tests.served import mobilenet

PNG = encode(photo_like(64, 64), "PNG")
PATIENCE_S = 20


@pytest.fixture
def settings(small_cache: Path) -> dict[str, str]:
    return mobilenet(small_cache)


@contextmanager
def only(server: Server, worker: int) -> Iterator[None]:
    """Let no other worker answer."""
    with stopped(*server.workers(2) - {worker}):
        yield


def status(server: Server, key: str = "") -> int:
    headers = {"X-API-Key": key} if key else {}
    return requests.post(f"{server.url}/predict", files={"file": PNG}, headers=headers, timeout=60).status_code


def create(path: Path, *arguments: str) -> str:
    done = run_flask("keys", "create", *arguments, API_KEYS_FILE=str(path))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def becomes(server: Server, key: str, wanted: int) -> bool:
    """Wait until every worker, each asked alone, answers *wanted*."""
    give_up = time.monotonic() + PATIENCE_S
    for worker in server.workers(2):
        with only(server, worker):
            while status(server, key) != wanted:
                if time.monotonic() > give_up:
                    return False
    return True


def test_a_key_is_taken_and_refused_by_every_worker_as_soon_as_the_file_says_so(
    settings: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    first = create(path, "phone")
    with running(tmp_path / "log", WORKERS="2", API_KEYS_FILE=str(path), **settings) as server:
        assert status(server) == 401
        assert status(server, first) == 200
        second = create(path, "phone")
        assert becomes(server, second, 200)
        assert run_flask("keys", "revoke", first[:12], API_KEYS_FILE=str(path)).returncode == 0
        assert becomes(server, first, 401)
        path.write_text("{broken")
        with pytest.raises(AssertionError):
            create(path, "other")
        give_up = time.monotonic() + PATIENCE_S
        while "the last good content stays in use" not in server.log.read_text():
            assert status(server, second) == 200
            assert time.monotonic() < give_up
        assert becomes(server, second, 200)
        assert server.get("/readyz").status_code == 200
    log = server.log.read_text()
    assert first.partition(".")[2] not in log
    assert second.partition(".")[2] not in log


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    with redis_server(tmp_path) as found:
        yield found


def test_two_workers_count_together_in_redis_and_each_for_itself_without(
    settings: dict[str, str], tmp_path: Path, redis: RedisServer
) -> None:
    limits = {"RATE_LIMIT": "4/hour", "REDIS_URL": redis.url}
    with running(tmp_path / "log", WORKERS="2", **limits, **settings) as server:
        one, other = server.workers(2)
        with only(server, one):
            assert [status(server) for _ in range(3)] == [200] * 3
        with only(server, other):
            assert [status(server) for _ in range(2)] == [200, 429]
        assert server.get("/models").status_code == 200
        redis.process.kill()
        redis.process.wait()
        with only(server, one):
            assert [status(server) for _ in range(5)] == [200] * 4 + [429]
        assert "Rate limit storage unreachable" in server.log.read_text()


WARNING = "Anyone who reaches 0.0.0.0:"


def test_serving_other_machines_without_asking_who_calls_is_warned_of(settings: dict[str, str], tmp_path: Path) -> None:
    """Also where Gunicorn's own option says so; and the log has the caller's address behind a proxy."""
    with running(tmp_path / "log", "-b", "0.0.0.0:0", WORKERS="1", TRUSTED_PROXIES="1", **settings) as server:
        forwarded = {"X-Forwarded-For": "198.51.100.7"}
        assert requests.get(f"{server.url}/models", headers=forwarded, timeout=60).status_code == 200
    log = server.log.read_text()
    assert log.count(WARNING) == 1
    assert re.search(r"198\.51\.100\.7.*/models", log)


def test_it_is_not_warned_of_with_keys_or_on_the_loopback(settings: dict[str, str], tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    create(path, "phone")
    with running(tmp_path / "log", HOST="0.0.0.0", API_KEYS_FILE=str(path), WORKERS="1", **settings) as server:
        assert status(server) == 401
    assert "Anyone who reaches" not in server.log.read_text()
    with running(tmp_path / "log2", WORKERS="1", **settings) as server:
        assert status(server) == 200
    assert "Anyone who reaches" not in server.log.read_text()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("API_KEYS_FILE", "keys: Field required"),
        ("API_KEYS_FILE", "No such file"),
        ("JWT_JWKS_FILE", "no public key"),
        ("JWT_JWKS_FILE", "No such file"),
    ],
)
def test_a_file_of_keys_that_can_t_be_read_stops_the_start_with_one_line(
    settings: dict[str, str], tmp_path: Path, name: str, says: str
) -> None:
    file = tmp_path / "keys.json"
    if "No such" not in says:
        file.write_text("{}")
    rules = {"JWT_ISSUER": "x", "JWT_AUDIENCE": "y"} if name.startswith("JWT") else {}
    env = environment(PORT="0", **settings, **rules, **{name: str(file)})
    command = [sys.executable, "-m", "gunicorn", "app:app"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode not in (0, 3)
    assert done.stderr.splitlines()[-1].startswith(f"{name}={file}: {says}")
    assert "Traceback" not in done.stderr


def test_hup_with_what_would_stop_a_start_or_needs_one_changes_nothing_and_says_why(
    settings: dict[str, str], small_cache: Path, tmp_path: Path
) -> None:
    path, file, absent = tmp_path / "keys.json", tmp_path / "my.env", tmp_path / "absent.json"
    (tmp_path / "cache/models").mkdir(parents=True)
    (tmp_path / "cache/models/mobilenetv2").symlink_to(small_cache / "models/mobilenetv2")
    key = create(path, "phone")
    (loop := tmp_path / "loop").symlink_to(loop)
    good = {"API_KEYS_FILE": str(path), "MODELS": settings.pop("MODELS"), "CACHE_DIR": str(tmp_path / "cache")}
    rows = [
        ({"API_KEYS_FILE": str(absent)}, f"API_KEYS_FILE={absent}: No such file"),
        ({"DEADLINE_S": "soon"}, f"{file}, line 4: DEADLINE_S='soon'"),
        ({"HOST": "127.0.0.2"}, "another HOST or PORT needs a restart"),
        ({"DEVICE": "gpu"}, "another ENGINE, DEVICE, MAX_BATCH or BATCH_WAIT_MS needs a restart"),
        ({"MODELS": "mobilenetv2,vgg16"}, "MODELS=mobilenetv2,vgg16: not all are prepared"),
        ({"CACHE_DIR": str(loop)}, f"CACHE_DIR={loop}: "),
    ]
    del settings["CACHE_DIR"]
    settings |= {"WORKERS": "1", "SETTINGS_FILE": str(file)}
    write(file, good)
    with running(tmp_path / "log", **settings) as server:
        workers = server.workers(1)
        for bad, why in rows:
            write(file, good | bad)
            server.process.send_signal(signal.SIGHUP)
            line = f"HUP is not followed, and all stays as it is: {why}"
            until(lambda line=line: line in server.log.read_text(), line)  # type: ignore[misc]
        assert server.workers(1) == workers
        assert (status(server), status(server, key)) == (401, 200)
        write(file, good)
        server.process.send_signal(signal.SIGHUP)
        until(lambda: not workers & server.workers(1), "what is good again is followed")


def write(file: Path, given: dict[str, str]) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in given.items()))


def test_hup_that_lets_anyone_call_is_warned_of(settings: dict[str, str], tmp_path: Path) -> None:
    path, file = tmp_path / "keys.json", tmp_path / "my.env"
    create(path, "phone")
    file.write_text(f"API_KEYS_FILE={path}\n")
    with running(tmp_path / "log", HOST="0.0.0.0", WORKERS="1", SETTINGS_FILE=str(file), **settings) as server:
        assert WARNING not in server.log.read_text()
        file.write_text("\n")
        server.process.send_signal(signal.SIGHUP)
        until(lambda: WARNING in server.log.read_text(), "not warned of")
