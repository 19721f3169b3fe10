"""The folder client against a service that answers as each test wants."""

import ast
import csv
import itertools
import json
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

import pytest

from clients.triptych_client import Client, TriptychError, main
from tests.certificate import self_signed
from tests.conftest import ROOT
from tests.e2e.server import until
from tests.unit.clients.scripted import Answer, Asked, Scripted, Told, prediction, problem, scripted

FILE = ROOT / "clients/triptych_client.py"
NAMES = ("a.jpg", "b.JPEG", "sub/c.png", 'sub/d,"quoted".jpg', "e.jpg")
QUIET = ("--jobs", "1")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Photos whose content is their own name; and what is none."""
    made = tmp_path / "photos"
    for name in (*NAMES, ".hidden.jpg", ".git/x.jpg", "notes.txt"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(name.encode())
    return made


def good(asked: Asked) -> Told:
    return Told({"models": []} if asked.path == "/models" else prediction(asked.photos[0]))


def run(service: Scripted, folder: Path, out: Path, *options: str) -> int:
    return main(["classify", str(folder), "--url", service.url, "--out", str(out), *options])


def lines(out: Path) -> dict[str, str]:
    """By photo, the first label that it got; each photo stands once."""
    if out.suffix == ".csv":
        rows = list(csv.DictReader(out.read_text().splitlines(keepends=True)))
        found = [(row["file"], row["class1"]) for row in rows]
    else:
        found = [(each["file"], each["results"][0]["class"]) for each in map(json.loads, out.read_text().splitlines())]
    assert len(dict(found)) == len(found)
    return dict(found)


EXPECTED = {name: f"{name} 1" for name in NAMES}


@pytest.fixture(params=["results.csv", "results.jsonl"])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / str(request.param)


def test_every_photo_gets_its_own_answer_and_nothing_else_is_sent(folder: Path, out: Path) -> None:
    with scripted(good) as service:
        assert run(service, folder, out) == 0
        assert lines(out) == EXPECTED
        assert Counter(asked.photos[0].decode() for asked in service.of("/predict")) == Counter(NAMES)


def test_a_single_photo_is_classified_too(folder: Path, out: Path) -> None:
    with scripted(good) as service:
        assert run(service, folder / "a.jpg", out) == 0
    assert lines(out) == {"a.jpg": "a.jpg 1"}


@pytest.mark.parametrize("torn", [0, 1, 20])
def test_it_goes_on_where_a_kill_left_it(folder: Path, out: Path, torn: int) -> None:
    """Of a line that was half-written, the rest is written anew."""
    with scripted(good) as service:
        assert run(service, folder, out, *QUIET) == 0
        whole = out.read_bytes()
        kept = whole[: whole.rfind(b"\n", 0, len(whole) - 1) + 1]
        out.write_bytes(kept + whole[len(kept) :][:torn])
        service.asked.clear()
        assert run(service, folder, out, *QUIET) == 0
        assert len(service.of("/predict")) == 1
    assert lines(out) == EXPECTED


def test_of_several_models_a_half_written_photo_is_asked_again(folder: Path, tmp_path: Path) -> None:
    def both(asked: Asked) -> Told:
        if asked.path == "/models":
            return Told({})
        each = {name: prediction(asked.photos[0], name) for name in ("resnet50", "vgg16")}
        return Told({"results": prediction(b"both")["results"], "model": "ensemble", "models": each})

    out = tmp_path / "results.csv"
    with scripted(both) as service:
        assert run(service, folder, out, "--model", "all", *QUIET) == 0
        whole = out.read_text()
        out.write_text("".join(whole.splitlines(keepends=True)[:-1]))
        assert run(service, folder, out, "--model", "all", *QUIET) == 0
    assert sorted(out.read_text().splitlines()) == sorted(whole.splitlines())
    models = [row["model"] for row in csv.DictReader(out.read_text().splitlines(keepends=True))]
    assert Counter(models) == {name: len(NAMES) for name in ("resnet50", "vgg16", "ensemble")}


def test_a_photo_that_fails_is_named_and_tried_again(
    folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def picky(asked: Asked) -> Told:
        return problem(422, "corrupt_image") if asked.photos == [b"a.jpg"] else good(asked)

    listed = out.with_name(out.name + ".failed.csv")
    with scripted(picky) as service:
        (folder / "unreadable.jpg").symlink_to("nowhere")
        assert run(service, folder, out) == 1
        told = capsys.readouterr().err
        assert "a.jpg: corrupt_image: it is corrupt_image" in told
        assert "unreadable.jpg: unreadable_file: No such file or directory" in told
        assert [row["file"] for row in csv.DictReader(listed.read_text().splitlines())] == ["a.jpg", "unreadable.jpg"]
        assert lines(out) == {name: label for name, label in EXPECTED.items() if name != "a.jpg"}
        service.answer = good
        (folder / "unreadable.jpg").unlink()
        assert run(service, folder, out) == 0
    assert lines(out) == EXPECTED
    assert not listed.exists()


def first(*told: Told) -> Answer:
    """Answer the first requests for a prediction so, and the others well."""
    left = itertools.chain(told)
    lock = threading.Lock()

    def answer(asked: Asked) -> Told:
        if asked.path != "/predict":
            return good(asked)
        with lock:
            return next(left, None) or good(asked)

    return answer


@pytest.mark.parametrize(
    "told",
    [
        problem(503, "overloaded", ("Retry-After", "0")),
        problem(429, "rate_limited", ("Retry-After", "0")),
        problem(503, "not_ready", ("Retry-After", "0")),
        problem(504, "deadline_exceeded"),
        Told({"a proxy": "says so"}, 502),
        Told({}, hangs_up=True),
    ],
    ids=lambda told: f"{told.status}",
)
def test_what_may_be_answered_later_is_asked_again(folder: Path, out: Path, told: Told) -> None:
    with scripted(first(told)) as service:
        assert run(service, folder, out, *QUIET) == 0
        assert len(service.of("/predict")) == len(NAMES) + 1
    assert lines(out) == EXPECTED


def test_all_threads_wait_as_long_as_the_service_says(folder: Path, out: Path) -> None:
    """After a refusal nobody asks for the time of Retry-After."""
    import time

    times: list[float] = []
    refusal = problem(503, "overloaded", ("Retry-After", "1"))

    def answer(asked: Asked) -> Told:
        if asked.path != "/predict":
            return good(asked)
        times.append(time.monotonic())
        return refusal if len(times) == 1 else good(asked)

    with scripted(answer) as service:
        assert run(service, folder, out, *QUIET) == 0
    assert times[1] - times[0] >= 1


def test_a_photo_is_given_up_when_patience_is_over(folder: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def never(asked: Asked) -> Told:
        return problem(503, "overloaded", ("Retry-After", "0")) if asked.path == "/predict" else good(asked)

    with scripted(never) as service:
        assert run(service, folder, out, "--patience", "0") == 1
    assert capsys.readouterr().err.count(": overloaded: ") == len(NAMES)
    assert not out.exists()


STATUS_OF_FATAL = {
    "unauthorized": 401,
    "forbidden": 403,
    "invalid_model": 400,
    "invalid_top": 400,
    "weights_missing": 503,
    "jobs_disabled": 404,
}


@pytest.mark.parametrize("code", STATUS_OF_FATAL)
def test_what_every_photo_would_meet_ends_it_at_once(
    folder: Path, out: Path, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status, via = STATUS_OF_FATAL[code], "jobs" if code == "jobs_disabled" else "predict"
    with scripted(lambda asked: problem(status, code) if asked.method == "POST" else good(asked)) as service:
        assert run(service, folder, out, "--via", via, *QUIET) == 2
        assert len([asked for asked in service.asked if asked.method == "POST"]) == 1
    assert f"triptych_client: {code}: it is {code}" in capsys.readouterr().err
    assert not out.exists()


BAD_OUTPUTS = {
    "another top": (["--top", "5"], None, "has the top 3, not 5"),
    "another model": (["--model", "vgg16"], None, "is of resnet50, not of vgg16"),
    "another file": ([], b"dear diary\n", "something else"),
    "no text": ([], b"\xff\xfe\n", "something else"),
}


@pytest.mark.parametrize("case", BAD_OUTPUTS)
def test_a_file_of_something_else_is_not_written_to(
    folder: Path, out: Path, case: str, capsys: pytest.CaptureFixture[str]
) -> None:
    options, content, words = BAD_OUTPUTS[case]
    with scripted(good) as service:
        assert run(service, folder, out) == 0
        if content:
            out.write_bytes(content)
        before = out.read_bytes()
        (folder / "new.jpg").write_bytes(b"new")
        assert run(service, folder, out, *options) == 2
    assert words in capsys.readouterr().err
    assert out.read_bytes() == before


def test_a_folder_without_photos_and_a_service_that_is_not_there_are_told(
    tmp_path: Path, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(good) as service:
        (tmp_path / "empty").mkdir()
        assert run(service, tmp_path / "empty", out) == 2
        assert "holds no photos" in capsys.readouterr().err
    assert run(service, folder, out) == 2
    assert "unreachable" in capsys.readouterr().err


def test_a_certificate_is_checked_against_the_file_that_is_named(
    tmp_path: Path, folder: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    certificate = self_signed(tmp_path)
    with scripted(good, certificate) as service:
        assert run(service, folder, out) == 2
        assert "bad_certificate" in capsys.readouterr().err
        assert run(service, folder, out, "--cacert", str(certificate.certificate)) == 0
    assert lines(out) == EXPECTED


def test_credentials_go_into_their_headers(folder: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted(good) as service:
        assert run(service, folder, out, "--token", "t") == 0
        assert {asked.headers["Authorization"] for asked in service.asked} == {"Bearer t"}
        out.unlink()
        service.asked.clear()
        monkeypatch.setenv("TRIPTYCH_API_KEY", "k")
        assert run(service, folder, out) == 0
        assert {asked.headers["X-API-Key"] for asked in service.asked} == {"k"}


class Jobs:
    """A service that does jobs: *most* photos in one; what *spoils* a job's first answers."""

    def __init__(self, most: int = 100, **spoils: Told) -> None:
        self.made: dict[str, list[bytes]] = {}
        self._by_key: dict[str, str] = {}
        self._most = most
        self._spoils = spoils
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Told:
        if asked.path == "/models":
            return Told({})
        with self._lock:
            if asked.method == "POST":
                return self._submit(asked)
            job_id = asked.path.removeprefix("/jobs/")
            if asked.method == "DELETE":
                return Told(self._job(job_id, "cancelled", done=0))
            return self._spoils.pop("look", None) or Told(self._job(job_id, "done", len(self.made[job_id])))

    def _submit(self, asked: Asked) -> Told:
        if len(asked.photos) > self._most:
            return problem(413, "too_many_files")
        key = asked.headers["Idempotency-Key"]
        job_id = self._by_key.setdefault(key, f"{len(self.made):032x}")
        self.made[job_id] = asked.photos
        return self._spoils.pop("submit", None) or Told(self._job(job_id, "queued", done=0), 202)

    def _job(self, job_id: str, state: str, done: int) -> dict[str, object]:
        entries = [{"index": i, "file": "x", **prediction(self.made[job_id][i])} for i in reversed(range(done))]
        return {"id": job_id, "state": state, "predictions": entries}


VIA_JOBS = ("--via", "jobs", "--jobs", "2")


@pytest.mark.parametrize(("size", "jobs"), [("2", 3), ("5", 1), ("100", 1)])
def test_jobs_give_the_same_results(folder: Path, out: Path, size: str, jobs: int) -> None:
    service_jobs = Jobs()
    with scripted(service_jobs) as service:
        assert run(service, folder, out, *VIA_JOBS, "--job-size", size) == 0
    assert lines(out) == EXPECTED
    assert len(service_jobs.made) == jobs


def test_a_lost_answer_makes_no_second_job(folder: Path, out: Path) -> None:
    service_jobs = Jobs(submit=Told({}, hangs_up=True))
    with scripted(service_jobs) as service:
        assert run(service, folder, out, *VIA_JOBS) == 0
        assert len(service.of("/jobs")) == 2
    assert len(service_jobs.made) == 1
    assert lines(out) == EXPECTED


@pytest.mark.parametrize(
    "told", [problem(410, "expired"), problem(404, "not_found"), Told({"state": "expired", "predictions": []})]
)
def test_a_job_that_is_forgotten_or_expired_is_made_again(folder: Path, out: Path, told: Told) -> None:
    service_jobs = Jobs(look=told)
    with scripted(service_jobs) as service:
        assert run(service, folder, out, *VIA_JOBS) == 0
    assert len(service_jobs.made) == 2
    assert lines(out) == EXPECTED


def test_a_job_that_is_too_large_is_halved(folder: Path, out: Path) -> None:
    service_jobs = Jobs(most=2)
    with scripted(service_jobs) as service:
        assert run(service, folder, out, *VIA_JOBS) == 0
    assert lines(out) == EXPECTED
    assert max(map(len, service_jobs.made.values())) == 2


@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("via", ["predict", "jobs"])
def test_an_interruption_keeps_what_came_and_cancels_open_jobs(
    folder: Path, out: Path, blow: signal.Signals, via: str
) -> None:
    held = threading.Event()
    asked_for_held = threading.Event()

    def answer(asked: Asked) -> Told:
        if asked.method == "POST" and asked.photos == [b"e.jpg"]:
            if via == "predict":
                asked_for_held.set()
                held.wait()
            return Told({"id": "ab", "state": "queued", "predictions": []}, 202) if via == "jobs" else good(asked)
        if asked.path == "/jobs/ab" and asked.method == "GET":
            asked_for_held.set()
            return Told({"id": "ab", "state": "running", "predictions": []})
        return all_jobs(asked) if via == "jobs" else good(asked)

    all_jobs = Jobs()
    with scripted(answer) as service:
        options = ["--url", service.url, "--out", str(out), "--via", via, "--job-size", "1", "--jobs", "2"]
        command = [sys.executable, str(FILE), "classify", str(folder), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
            until(lambda: asked_for_held.is_set() and out.exists() and len(_whole(out)) == len(NAMES) - 1, "no results")
            process.send_signal(blow)
            held.set() if blow is not signal.SIGTERM else None
            _, told = process.communicate(timeout=30)
        held.set()
        if blow is not signal.SIGKILL:
            assert process.returncode == 130
            assert "goes on where this ended" in told
            assert (("DELETE", "/jobs/ab") in {(asked.method, asked.path) for asked in service.asked}) is (
                via == "jobs"
            )
        service.answer = all_jobs if via == "jobs" else good
        assert run(service, folder, out, "--via", via, *QUIET) == 0
    assert lines(out) == EXPECTED


def _whole(out: Path) -> list[str]:
    return [line for line in out.read_text().split("\n")[:-1] if not line.startswith("file,")]


def test_it_can_be_imported_and_its_errors_tell_all(folder: Path) -> None:
    with scripted(lambda _: problem(503, "overloaded", ("Retry-After", "7"))) as service:
        client = Client(service.url)
        with pytest.raises(TriptychError) as caught:
            client.predict(folder / "a.jpg")
        error = caught.value
        assert (error.code, error.status, error.retry_after_s, error.detail) == (
            "overloaded",
            503,
            7,
            "it is overloaded",
        )
        service.answer = good
        assert client.predict(b"bytes")["results"][0]["class"] == "bytes 1"
        service.answer = Jobs()
        job = client.submit([folder / "a.jpg", b"other"])
        assert {entry["index"]: entry["results"][0]["class"] for entry in client.wait(job["id"])} == {
            0: "a.jpg 1",
            1: "other 1",
        }


def test_it_needs_nothing_of_ours_and_two_packages() -> None:
    tree = ast.parse(FILE.read_text())
    names = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert names - sys.stdlib_module_names == {"requests", "tqdm"}
