"""Workers on several hosts against one Redis, one of which is cut off in the middle of its work."""

import subprocess
from pathlib import Path

import pytest
import requests

from tests.e2e.hosts import SWITCH, Host, hosts
from tests.e2e.job_parts import Part, Parts, claimed, parts, retried
from tests.e2e.job_stream import FINAL, Photo, comparable, job, photos
from tests.e2e.server import until
from tests.pictures import encode, photo_like

PICTURES = [encode(photo_like(400, 500 + number, seed=number), "JPEG") for number in range(5)]
IMAGES = 200  # 13 chunks: some seconds for both


def submit(url: str, given: list[Photo]) -> str:
    files = [("file", (photo.name, photo.content)) for photo in given]
    answer = requests.post(f"{url}/jobs", files=files, timeout=60)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


def check(url: str, job_id: str, given: list[Photo]) -> None:
    """It ends well, with the right answers."""
    until(lambda: job(url, job_id).get("state") in FINAL, "the job was lost")
    found = job(url, job_id)
    assert found["state"] == "done"
    assert [comparable(entry) for entry in found["predictions"]] == [photo.answer for photo in given]


def chunks(worker: Part) -> int:
    """How many it has done."""
    return worker.log.read_text().count('"event": "chunk"')


def is_reached(host: Host, them: Parts) -> bool:
    port = them.redis_url.rpartition(":")[2].partition("/")[0]
    probe = ["bash", "-c", f"exec 3<>/dev/tcp/{SWITCH}/{port}"]
    return subprocess.run(["timeout", "1", *host.prefix, *probe], check=False, capture_output=True).returncode == 0


@pytest.mark.slow
def test_a_host_that_is_cut_off_loses_no_job_and_takes_part_again(small_cache: Path, tmp_path: Path) -> None:
    with (
        hosts(2) as both,
        parts(tmp_path, small_cache, host=SWITCH, hosts=[host.prefix for host in both], JOB_LEASE_S="2") as them,
    ):
        given = [photo for photo in photos(them.url, PICTURES) for _ in range(IMAGES // len(PICTURES))]
        job_id = submit(them.url, given)
        until(lambda: all(chunks(worker) for worker in them.workers), "not both take part")
        until(lambda: claimed(them) == 2, "not both hold something")
        both[0].cut_off()
        assert job(them.url, job_id)["state"] == "running"
        assert not is_reached(both[0], them)
        assert is_reached(both[1], them)
        check(them.url, job_id, given)
        assert retried(them), "what it held was given to the other"
        before = chunks(them.workers[0])
        both[0].connect()
        until(lambda: is_reached(both[0], them), "the cable stays cut")
        again = submit(them.url, given)
        check(them.url, again, given)
        until(lambda: chunks(them.workers[0]) > before, "the host that was cut off never takes part again")
        check(them.url, job_id, given)
