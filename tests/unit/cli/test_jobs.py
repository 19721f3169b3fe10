"""flask --app app jobs dead | retry, as an operator meets it."""

from pathlib import Path

import pytest
import redis
from click.testing import Result

from app import create_app
from jobs import store
from jobs.job import Chunk
from tests.redis_server import RedisServer
from tests.unit.jobs.parts import Parts, a_job

NOWHERE = "redis://127.0.0.1:1/0"


def jobs(*arguments: str) -> Result:
    return create_app().test_cli_runner().invoke(args=["jobs", *arguments])


@pytest.fixture(autouse=True)
def no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIPTYCH_CACHE_DIR", str(tmp_path))


@pytest.fixture
def parts(client: redis.Redis, jobs_redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Parts:
    monkeypatch.setenv("TRIPTYCH_REDIS_URL", jobs_redis.url)
    return Parts(client)


def failed(parts: Parts, images: int = 2) -> str:
    """The first image of each chunk was given up."""
    made = parts.ledger.submit(a_job(images))
    for chunk in parts.published:
        parts.give_up(chunk)
    parts.work_off()
    return made.id


def test_nothing_is_listed_where_nothing_has_failed(parts: Parts) -> None:
    parts.ledger.submit(a_job())
    done = jobs("dead")
    assert (done.exit_code, done.output) == (0, "")


def test_a_failed_job_is_one_line_with_the_names_of_its_images(parts: Parts) -> None:
    few, many, lost = failed(parts, 4), failed(parts, 14), failed(parts)
    parts.client.unlink(store.images_key(lost))
    done = jobs("dead")
    assert done.exit_code == 0
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(lines) == [few, many, lost]
    assert lines[few].endswith("0 '0.png', 2 '2.png'")
    assert lines[many].endswith("6 '6.png', 8 '8.png', and 2 more")
    assert lines[lost].endswith("0 '0.png'  (its images are no longer kept)")


def test_a_failed_job_is_tried_again_and_workers_are_told(parts: Parts) -> None:
    job_id = failed(parts, 4)
    done = jobs("retry", job_id)
    assert (done.exit_code, done.output) == (0, f"{job_id}: 2 chunks are tried again\n")
    assert parts.client.llen(store.QUEUE_KEY) == 2
    assert jobs("dead").output == ""
    assert parts.claims.claim(Chunk(job_id, 0), "a")


def test_several_are_tried_again_whichever_is_not_there(parts: Parts) -> None:
    first, other = failed(parts), failed(parts)
    done = jobs("retry", first, "0" * 32, other)
    assert done.exit_code == 1
    assert done.stdout == f"{first}: 1 chunks are tried again\n{other}: 1 chunks are tried again\n"
    assert done.stderr == f"{'0' * 32}: there is no failed job of that id whose images are still kept\n"


@pytest.mark.parametrize("job_id", ["0" * 32, "nonsense", "*", "%s"])
def test_an_unknown_id_is_one_clear_line(parts: Parts, job_id: str) -> None:
    done = jobs("retry", job_id)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"{job_id}: there is no failed job of that id whose images are still kept\n"


@pytest.mark.parametrize("arguments", [("dead",), ("retry", "0" * 32)])
def test_a_redis_that_is_away_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]) -> None:
    monkeypatch.setenv("TRIPTYCH_REDIS_URL", NOWHERE)
    done = jobs(*arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: The store of jobs can't be reached at present. ")
    assert "127.0.0.1:1" in line


@pytest.mark.parametrize("arguments", [("dead",), ("retry", "0" * 32), ("work",)])
def test_without_a_redis_it_says_which_setting_is_missing(arguments: tuple[str, ...]) -> None:
    done = jobs(*arguments)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "set REDIS_URL: jobs are kept there" in done.stderr


def test_retry_wants_an_id(parts: Parts) -> None:
    assert jobs("retry").exit_code == 2
