"""The folder client's command against a service that answers as each test says."""

import csv
import io
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clients import triptych_client
from clients.triptych_client import main
from tests.conftest import ROOT
from tests.unit.clients.scripted_server import Asked, Jobs, Script, Told, answer, problem, scripted

NAMES = [f"{n}.jpg" for n in range(6)]
HEAD = "file,model,weights,precision,version,class1,prob1,id1,class2,prob2,id2\n"


def right(asked: Asked) -> Told:
    return Told(200, answer(asked.photos[0].decode()))


@pytest.fixture(params=["csv", "jsonl"])
def out(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return tmp_path / f"results.{request.param}"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text(name)
    return folder


def classify(url: str, photos: Path, out: Path, *options: str) -> int:
    arguments = ["classify", str(photos), "--url", url, "--out", str(out), "--top", "2", "--jobs", "2", *options]
    return main(arguments)


def kept(out: Path) -> dict[str, str]:
    """Each file's likeliest class; a file twice fails."""
    text = out.read_text()
    if out.suffix == ".csv":
        rows = csv.DictReader(io.StringIO(out.read_bytes().decode(), newline=""))
        pairs = [(row["file"], row["class1"]) for row in rows]
    else:
        pairs = [(line["file"], line["results"][0]["class"]) for line in map(json.loads, text.splitlines())]
    assert not [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
    return dict(pairs)


def test_each_photo_gets_its_own_answer(photos: Path, out: Path) -> None:
    with scripted(right) as service:
        assert classify(service.url, photos, out) == 0
    assert kept(out) == {name: name for name in NAMES}


def test_folders_in_it_are_walked_and_hidden_ones_left_out(photos: Path, out: Path) -> None:
    for name in ("b/c.PNG", ".hidden/d.jpg", "b/.e.jpg", "b/notes.txt"):
        (photos / name).parent.mkdir(exist_ok=True)
        (photos / name).write_text(name)
    with scripted(right) as service:
        assert classify(service.url, photos, out) == 0
    assert kept(out).keys() == {*NAMES, "b/c.PNG"}


def test_several_models_give_a_row_each_and_one_of_the_ensemble(photos: Path, tmp_path: Path) -> None:
    both = {"a": {**answer("x"), "model": "a"}, "b": {**answer("y"), "model": "b"}}
    told = {"models": both, "results": answer("z")["results"], "model": "ensemble"}
    with scripted(lambda asked: Told(200, told)) as service:
        assert classify(service.url, photos / NAMES[0], tmp_path / "out.csv", "--model", "all") == 0
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert [(row["model"], row["class1"]) for row in rows] == [("a", "x"), ("b", "y"), ("ensemble", "z")]


@pytest.mark.parametrize("cut", [1, 3, 20])
def test_a_torn_last_line_is_cut_off_and_only_what_is_missing_asked_again(photos: Path, out: Path, cut: int) -> None:
    with scripted(right) as service:
        classify(service.url, photos, out, "--jobs", "1")
        out.write_bytes(out.read_bytes()[:-cut])
        before = len(service.asked)
        assert classify(service.url, photos, out) == 0
        assert [asked.photos for asked in service.asked[before:]] == [[NAMES[-1].encode()]]
    assert kept(out) == {name: name for name in NAMES}


def test_a_kill_at_any_byte_leaves_a_file_that_can_be_gone_on_with(photos: Path, out: Path) -> None:
    with scripted(right) as service:
        classify(service.url, photos, out, "--jobs", "1")
        whole = out.read_bytes()
        for size in range(0, len(whole), 17):
            out.write_bytes(whole[:size])
            assert classify(service.url, photos, out) == 0
            assert kept(out) == {name: name for name in NAMES}


def test_a_photo_of_whose_rows_some_are_missing_is_asked_again(photos: Path, tmp_path: Path) -> None:
    both = {"models": {name: {**answer("x"), "model": name} for name in "ab"}, **answer("x"), "model": "ensemble"}
    out = tmp_path / "out.csv"
    with scripted(lambda asked: Told(200, both)) as service:
        classify(service.url, photos, out, "--model", "all", "--jobs", "1")
        whole = out.read_text()
        out.write_text("".join(whole.splitlines(keepends=True)[:-1]))
        assert classify(service.url, photos, out, "--model", "a,b") == 0
    assert out.read_text() == whole


def test_a_kill_at_any_byte_of_several_models_is_gone_on_with(photos: Path, tmp_path: Path) -> None:
    both = {"models": {name: {**answer("x"), "model": name} for name in "ab"}, **answer("x"), "model": "ensemble"}
    out = tmp_path / "out.csv"
    for name in NAMES[2:]:
        (photos / name).unlink()
    with scripted(lambda asked: Told(200, both)) as service:
        classify(service.url, photos, out, "--model", "all", "--jobs", "1")
        whole = out.read_bytes()
        for size in range(0, len(whole), 5):
            out.write_bytes(whole[:size])
            assert classify(service.url, photos, out, "--model", "all", "--jobs", "1") == 0
            assert out.read_bytes() == whole


def test_a_first_photo_of_whose_rows_some_are_missing_is_asked_again(photos: Path, tmp_path: Path) -> None:
    """Nothing in the file tells how many there should be."""
    both = {"models": {name: {**answer("x"), "model": name} for name in "ab"}, **answer("x"), "model": "ensemble"}
    out = tmp_path / "out.csv"
    with scripted(lambda asked: Told(200, both)) as service:
        classify(service.url, photos / NAMES[0], out, "--model", "ALL")
        whole = out.read_text()
        out.write_text("".join(whole.splitlines(keepends=True)[:-1]))
        assert classify(service.url, photos / NAMES[0], out, "--model", "ALL") == 0
    assert out.read_text() == whole


@pytest.mark.parametrize("name", ['a "b",\n.jpg', "a\r.jpg", "a\r\nb.jpg"])
def test_a_name_may_hold_quotes_commas_and_line_ends(photos: Path, out: Path, name: str) -> None:
    (photos / name).write_text("odd")
    with scripted(right) as service:
        assert classify(service.url, photos, out) == 0
        asked = len(service.asked)
        assert classify(service.url, photos, out) == 0
        assert len(service.asked) == asked == len(NAMES) + 1


@pytest.mark.parametrize("options", [["--top", "3"], ["--model", "vgg16"]])
def test_results_of_other_settings_are_not_mixed(photos: Path, out: Path, options: list[str]) -> None:
    with scripted(right) as service:
        classify(service.url, photos / NAMES[0], out)
        before = out.read_bytes()
        assert classify(service.url, photos, out, *options) == 2
    assert out.read_bytes() == before


def test_another_model_by_default_is_found_when_it_answers(photos: Path, out: Path) -> None:
    with scripted(right) as service:
        classify(service.url, photos / NAMES[0], out)
    before = out.read_bytes()
    with scripted(lambda asked: Told(200, {**answer("x"), "model": "vgg16"})) as service:
        assert classify(service.url, photos, out) == 2
    assert out.read_bytes() == before


def test_a_file_that_is_not_ours_is_left_as_it_is(photos: Path, out: Path) -> None:
    for text in ("some notes", "some,notes\n1,2\n", '{"other": 1}\n'):
        out.write_text(text)
        with scripted(right) as service:
            assert classify(service.url, photos, out) == 2
        assert out.read_text() == text


BAD = [  # the service's answer to a photo, and how the run ends
    (problem(422, "corrupt_image"), 1),
    (problem(413, "upload_too_large"), 1),
    (problem(415, "unsupported_format"), 1),
    (problem(500, "internal_error"), 1),
    (Told(200, b"<html>"), 2),
    (Told(200, {"ok": True}), 2),
    (Told(418, {"code": {"a": "proxy's"}}), 1),
    (problem(400, "invalid_model"), 2),
    (problem(400, "invalid_top"), 2),
    (problem(401, "unauthorized"), 2),
    (problem(403, "forbidden"), 2),
    (problem(404, "not_found"), 2),
    (problem(503, "weights_missing"), 2),
    (Told(302, b"", {"Location": "https://elsewhere/predict"}), 2),
]


@pytest.mark.parametrize(("told", "status"), BAD)
def test_what_is_refused_is_not_asked_again(photos: Path, out: Path, told: Told, status: int) -> None:
    with scripted(lambda asked: told) as service:
        assert classify(service.url, photos / NAMES[0], out) == status
        assert len(service.asked) == 1
    assert not out.exists()


def test_failed_photos_are_named_and_tried_again(photos: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beside = out.with_name(f"{out.name}.failed.csv")

    def one_bad(asked: Asked) -> Told:
        return problem(422, "corrupt_image") if asked.photos == [b"3.jpg"] else right(asked)

    with scripted(one_bad) as service:
        assert classify(service.url, photos, out) == 1
    assert "3.jpg: corrupt_image: about corrupt_image" in capsys.readouterr().err.splitlines()
    assert beside.read_text() == "file,code,detail\n3.jpg,corrupt_image,about corrupt_image\n"
    with scripted(right) as service:
        assert classify(service.url, photos, out) == 0
        assert len(service.asked) == 1
    assert not beside.exists()


def test_a_file_that_cannot_be_read_is_named(photos: Path, out: Path) -> None:
    (photos / "gone.jpg").symlink_to("nowhere")
    for via in ("predict", "jobs"):
        with scripted(right if via == "predict" else Jobs()) as service:
            assert classify(service.url, photos, out, "--via", via) == 1
    assert kept(out) == {name: name for name in NAMES}


def first_time(told: Told, then: Script = right) -> Script:
    """Answer every photo's first request with *told*."""
    seen: set[bytes] = set()
    counting = threading.Lock()

    def script(asked: Asked) -> Told:
        with counting:
            is_new = asked.photos[0] not in seen
            seen.add(asked.photos[0])
        return told if is_new else then(asked)

    return script


@pytest.mark.parametrize(
    "told",
    [Told(0), problem(502, "x"), problem(504, "deadline_exceeded"), problem(503, "overloaded", Retry_After="1")],
)
def test_what_may_pass_is_asked_again(photos: Path, out: Path, told: Told) -> None:
    with scripted(first_time(told)) as service:
        assert classify(service.url, photos / NAMES[0], out) == 0
        assert len(service.asked) == 2


def test_a_photo_is_given_up_when_patience_ends(photos: Path, out: Path) -> None:
    with scripted(lambda asked: problem(504, "deadline_exceeded")) as service:
        for via in ("predict", "jobs"):
            assert classify(service.url, photos / NAMES[0], out, "--patience", "1", "--via", via) == 1
            told = out.with_name(f"{out.name}.failed.csv").read_text()
            assert "gave_up,No answer within 1 s. The last: deadline_exceeded" in told


def test_who_is_asked_to_come_again_later_than_he_has_patience_for_is_told_so_at_once(
    photos: Path, out: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(lambda asked: problem(429, "rate_limited", Retry_After="3600")) as service:
        assert classify(service.url, photos, out) == 2
        assert len(service.asked) <= 2
    assert "come again in 3600 s" in capsys.readouterr().err


def test_a_spell_of_bad_answers_is_told_of_once(photos: Path, out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with scripted(first_time(problem(502, "x"))) as service:
        assert classify(service.url, photos / NAMES[0], out, "--via", "predict") == 0
    assert capsys.readouterr().err.count("Trying again for up to 300 s") == 1


CANNOT: list[dict[str, Any]] = [
    {"--url": "http://127.0.0.1:1"},
    {"--url": "nonsense"},
    {"--url": "http://[bad"},
    {"--url": "http://user:password@127.0.0.1:1"},
    {"--out": "results.txt"},
    {"--out": "no/such/folder/results.csv"},
    {"--jobs": "0"},
    {"--patience": "-1"},
    {"--timeout": "soon"},
    {"--cacert": "no-such-file"},
    {"--via": "pigeon"},
]


@pytest.mark.parametrize("given", CANNOT, ids=str)
def test_what_cannot_begin_says_so(photos: Path, tmp_path: Path, given: dict[str, str]) -> None:
    out = tmp_path / "results.csv"
    options = {"--url": "http://127.0.0.1:1", "--out": str(out), **given}
    try:
        status: object = main(["classify", str(photos), *(text for pair in options.items() for text in pair)])
    except SystemExit as end:
        status = end.code
    assert status == 2
    assert not out.exists()


def test_results_of_jobs_stand_under_the_right_file(photos: Path, out: Path) -> None:
    with scripted(Jobs()) as service:
        assert classify(service.url, photos, out, "--via", "jobs", "--job-size", "4") == 0
        assert sorted(len(asked.photos) for asked in service.of("POST")) == [2, 4]
    assert kept(out) == {name: name for name in NAMES}


def test_a_job_that_is_too_large_is_halved(photos: Path, out: Path) -> None:
    def small(asked: Asked) -> Told | None:
        return problem(413, "upload_too_large") if len(asked.photos) > 2 or b"5.jpg" in asked.photos else None

    with scripted(Jobs(small)) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 1
    assert kept(out).keys() == set(NAMES) - {"5.jpg"}
    assert "5.jpg,upload_too_large" in out.with_name(f"{out.name}.failed.csv").read_text()


def test_a_lost_answer_is_asked_for_with_the_same_key(photos: Path, out: Path) -> None:
    lost = iter([Told(0)])
    with scripted(Jobs(lambda asked: next(lost, None) if asked.method == "POST" else None)) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 0
        first, second = (asked.headers["Idempotency-Key"] for asked in service.of("POST"))
        assert first == second
    assert kept(out) == {name: name for name in NAMES}


@pytest.mark.parametrize("gone", [problem(410, "expired"), problem(404, "not_found")])
def test_photos_of_a_job_that_is_gone_are_sent_anew(photos: Path, out: Path, gone: Told) -> None:
    once = iter([gone])
    with scripted(Jobs(lambda asked: next(once, None) if asked.method == "GET" else None)) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 0
        first, second = (asked.headers["Idempotency-Key"] for asked in service.of("POST"))
        assert first != second
    assert kept(out) == {name: name for name in NAMES}


def test_of_a_job_that_expired_only_what_is_missing_is_sent_anew(photos: Path, out: Path) -> None:
    script = Jobs()

    def expired(asked: Asked) -> Told:
        told = script(asked)
        if asked.method == "GET" and len(script.made) == 1:
            return Told(200, {**told.body, "state": "expired", "predictions": told.body["predictions"][:4]})
        return told

    with scripted(expired) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 0
        assert [len(asked.photos) for asked in service.of("POST")] == [6, 2]
    assert kept(out) == {name: name for name in NAMES}


def test_a_service_without_jobs_is_told_of(photos: Path, out: Path) -> None:
    with scripted(lambda asked: problem(404, "jobs_disabled")) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 2
    assert not out.exists()


def test_two_runs_do_not_write_to_one_file(photos: Path, out: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "late.jpg").write_text("late.jpg")

    began: list[int] = []

    def slow(asked: Asked) -> Told:
        """While one run waits for its first answer, another begins and ends."""
        if asked.photos == [b"late.jpg"]:
            began.append(_in_a_process(service.url, photos, out))
        return right(asked)

    with scripted(slow) as service:
        assert _in_a_process(service.url, other, out) == 2
    assert began == [0]
    assert kept(out) == {name: name for name in NAMES}


def _in_a_process(url: str, photos: Path, out: Path, *before: str) -> int:
    options = ["classify", str(photos), "--url", url, "--out", str(out), "--top", "2"]
    command = [*before, sys.executable, str(ROOT / "clients/triptych_client.py"), *options]
    return subprocess.run(command, check=False, capture_output=True, timeout=60).returncode


def test_a_disk_that_is_full_ends_the_run_and_nothing_is_taken_for_written(photos: Path, out: Path) -> None:
    for number in range(100, 120):
        (photos / f"{number}.jpg").write_text(f"{number}.jpg")
    with scripted(right) as service:
        assert _in_a_process(service.url, photos, out, "prlimit", "--fsize=700") == 2
        assert _in_a_process(service.url, photos, out) == 0
    assert len(kept(out)) == len(NAMES) + 20


def test_what_failed_is_named_also_where_the_run_cannot_go_on(photos: Path, out: Path) -> None:
    def revoked(asked: Asked) -> Told:
        if asked.photos == [b"0.jpg"]:
            return problem(422, "corrupt_image")
        return problem(401, "unauthorized") if asked.photos == [b"5.jpg"] else right(asked)

    beside = out.with_name(f"{out.name}.failed.csv")
    with scripted(revoked) as service:
        assert classify(service.url, photos, out, "--jobs", "1") == 2
    assert "0.jpg,corrupt_image" in beside.read_text()
    with scripted(lambda asked: problem(401, "unauthorized")) as service:
        assert classify(service.url, photos, out) == 2
    assert beside.exists(), "nothing in it was tried"


def test_jobs_have_so_many_bytes_at_most(photos: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triptych_client, "JOB_BYTES", 2 * len(NAMES[0]))
    with scripted(Jobs()) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 0
        assert [len(asked.photos) for asked in service.of("POST")] == [2, 2, 2]
    assert kept(out) == {name: name for name in NAMES}


@pytest.mark.parametrize("key", ["5206f92fbf77.SECRET\nX: y", "ключ.SECRET", "a b.SECRET"])
def test_a_key_that_is_no_header_is_refused_and_not_shown(
    photos: Path, out: Path, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with scripted(right) as service:
        assert classify(service.url, photos, out, "--key", key) == 2
        assert classify(service.url, photos, out, "--key", "good.KEY\n") == 0
        assert {asked.headers["X-API-Key"] for asked in service.asked} == {"good.KEY"}
    assert "SECRET" not in capsys.readouterr().err


def test_a_folder_that_cannot_be_entered_is_told_of(tmp_path: Path) -> None:
    told: list[OSError] = []
    assert not triptych_client.find_photos(tmp_path / "nowhere", told.append)
    assert [error.filename for error in told] == [str(tmp_path / "nowhere")]


def test_what_was_given_up_may_have_an_answer_while_the_job_is_open(photos: Path, out: Path) -> None:
    script = Jobs()
    looks: list[str] = []

    def late(asked: Asked) -> Told:
        told = script(asked)
        if asked.method == "GET" and not looks:
            looks.append(asked.path)
            entries = told.body["predictions"]
            given_up = {
                "index": entries[0]["index"],
                "file": "x",
                "code": "internal_error",
                "status": 500,
                "detail": "x",
            }
            return Told(200, {**told.body, "state": "running", "predictions": [given_up, *entries[1:]]})
        return told

    with scripted(late) as service:
        assert classify(service.url, photos, out, "--via", "jobs") == 0
    assert kept(out) == {name: name for name in NAMES}


def test_what_another_run_adds_while_the_file_is_read_is_not_cut_off(photos: Path, out: Path) -> None:
    with scripted(right) as service:
        assert classify(service.url, photos / NAMES[0], out) == 0
        first = out.read_bytes()
        assert classify(service.url, photos / NAMES[1], out) == 0
    both = out.read_bytes()
    out.write_bytes(first)
    form = triptych_client.Csv(2) if out.suffix == ".csv" else triptych_client.Jsonl(2)
    results = triptych_client.Results(out, form, None)
    out.write_bytes(both)
    with pytest.raises(triptych_client.TriptychError, match="other_run"):
        results.write("late.jpg", answer("late.jpg"))
    assert out.read_bytes() == both
