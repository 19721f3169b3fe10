"""Callers who go on making jobs, whatever happens to the service, and hold it to every 202."""

import random
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import requests

from tests.e2e.server import until

FINAL = {"done", "failed", "cancelled", "expired"}
_CALLERS = 3
_PAUSE_S = 0.2  # between two of them: about what the machine can do


class Photo(NamedTuple):
    """*answer*: its entry of a job, without what differs from job to job."""

    name: str
    content: bytes
    answer: dict[str, Any]


def comparable(entry: dict[str, Any]) -> dict[str, Any]:
    """Return an entry without its place, its name and its id."""
    return {name: value for name, value in entry.items() if name not in ("index", "file", "request_id")}


def photos(url: str, contents: Sequence[bytes]) -> list[Photo]:
    """Ask /predict about each, one by one."""
    made = []
    for number, content in enumerate(contents):
        answer = requests.post(f"{url}/predict", files={"file": ("x", content)}, timeout=60).json()
        if "code" in answer:
            answer = {name: answer[name] for name in ("error", "code", "status", "detail")}
        made.append(Photo(f"{number}.jpg", content, comparable(answer)))
    return made


class Stream:
    """*accepted*: by id what each job was given, as its caller was told by a 202."""

    def __init__(self, url: str, photos: Sequence[Photo], seed: int) -> None:
        self.accepted: dict[str, list[Photo]] = {}
        self._url, self._photos, self._seed = url, photos, seed
        self._is_over = threading.Event()

    def call(self, number: int) -> None:
        """Make jobs until told to stop, each until it is accepted."""
        dice = random.Random(self._seed + number)
        while not self._is_over.is_set():
            chosen = dice.choices(self._photos, k=dice.choice((1, 2, 5, 20)))
            key = uuid.uuid4().hex
            while not (job_id := self.submit(chosen, key)):
                self._is_over.wait(_PAUSE_S)  # also after the end: an answer may have been lost
                if self._is_over.is_set():
                    return
            self.accepted[job_id] = chosen
            self._is_over.wait(_PAUSE_S)

    def stop(self) -> None:
        self._is_over.set()

    def submit(self, chosen: Sequence[Photo], key: str) -> str:
        """Make one job and return its id; nothing where the service can't take it now."""
        files = [("file", (photo.name, photo.content)) for photo in chosen]
        try:
            answer = requests.post(f"{self._url}/jobs", files=files, headers={"Idempotency-Key": key}, timeout=30)
        except requests.RequestException:
            return ""
        assert answer.status_code in (202, 503), answer.text
        return str(answer.json()["id"]) if answer.status_code == 202 else ""


@contextmanager
def streaming(url: str, photos: Sequence[Photo], seed: int = 0) -> Iterator[Stream]:
    """Let them call meanwhile."""
    stream = Stream(url, photos, seed)
    threads = [threading.Thread(target=stream.call, args=(number,)) for number in range(_CALLERS)]
    for thread in threads:
        thread.start()
    try:
        yield stream
    finally:
        stream.stop()
        for thread in threads:
            thread.join()


def job(url: str, job_id: str) -> dict[str, Any]:
    """Return a job as it stands; nothing while it can't be told."""
    try:
        answer = requests.get(f"{url}/jobs/{job_id}", timeout=30)
    except requests.RequestException:
        return {}
    assert answer.status_code in (200, 503), answer.text
    return answer.json() if answer.ok else {}


def settle(url: str, stream: Stream) -> dict[str, dict[str, Any]]:
    """Wait until every accepted job has ended; return them as they ended."""
    ended: dict[str, dict[str, Any]] = {}

    def all_have() -> bool:
        for job_id in stream.accepted.keys() - ended.keys():
            found = job(url, job_id)
            if found.get("state") in FINAL:
                ended[job_id] = found
        return len(ended) == len(stream.accepted)

    until(all_have, "a job was lost", patience_s=150)
    return ended


def check(url: str, stream: Stream) -> None:
    """Every job that was accepted is done, with the right answers, and stays so."""
    ended = settle(url, stream)
    for job_id, found in ended.items():
        given = stream.accepted[job_id]
        assert found["state"] == "done", found
        assert [entry["index"] for entry in found["predictions"]] == list(range(len(given)))
        assert [entry["file"] for entry in found["predictions"]] == [photo.name for photo in given]
        assert [comparable(entry) for entry in found["predictions"]] == [photo.answer for photo in given]
    for job_id, found in ended.items():
        again = job(url, job_id)
        assert {**again, "request_id": ""} == {**found, "request_id": ""}
