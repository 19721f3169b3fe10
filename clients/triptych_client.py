#!/usr/bin/env python3
"""What is in all these photos? A client of Triptych, in one file: Python 3.9 or newer, with `requests` and `tqdm`.

    python triptych_client.py classify PHOTOS --url http://localhost:5000 --model resnet50 --jobs 8 --out results.csv

Run it again after an interruption, with the same options: it goes on where it was. Exit status: 0: every photo is
classified; 1: some could not be, they are listed; 2: nothing could be asked, one line says why; 130: interrupted.

    from triptych_client import Client, TriptychError
    print(Client("http://localhost:5000").predict("golden.jpg")["results"][0]["class"])
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import json
import os
import queue
import random
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, Union

import requests
from tqdm import tqdm

Answer = dict[str, Any]
Photo = Union[str, "os.PathLike[str]", bytes]
T = TypeVar("T")

SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".mpo", ".png", ".webp", ".heic", ".heif", ".avif")
)  # the service names what it refuses
FINAL = frozenset(("done", "failed", "cancelled", "expired"))  # states of a job
FORGOTTEN = frozenset(("not_found", "expired"))  # codes of a job that is no more
TRANSIENT = frozenset((0, 429, 502, 503, 504))  # statuses; 0: no answer at all
FATAL = frozenset(  # codes that every photo would meet
    [
        "unauthorized",
        "forbidden",
        "jobs_disabled",
        "invalid_model",
        "invalid_top",
        "invalid_resize",
        "weights_missing",
        "bad_certificate",
    ]
)
MOST_PAUSE_S = 60.0
LOOK_S = 1.0  # between two looks at a job, where the service does not say
INTERRUPTED = 130
DEFAULT_TOP = 3
ENSEMBLE = "ensemble"
JOIN_S = 5.0  # that an interruption waits for a thread: for cancelling its job


class TriptychError(Exception):
    """The service's answer is an error, or there is none. `str(error)` says it in one line.

    *code*: stable, as in the README, or `unreachable`, `bad_certificate`, `no_answer_of_ours`. *status*: of HTTP,
    0: no answer. *retry_after_s*: after so many seconds another try is worthwhile, where the service says so.
    """

    def __init__(
        self, code: str, status: int, detail: str, request_id: str = "", retry_after_s: float | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.status, self.detail = code, status, detail
        self.request_id, self.retry_after_s = request_id, retry_after_s

    @property
    def is_transient(self) -> bool:
        """Say whether the same request may be answered later."""
        return self.status in TRANSIENT and self.code not in FATAL


class Client:
    """Of one service. May be used by several threads. Every method raises TriptychError.

    *key*: an API key; *token*: a JSON Web Token; *cacert*: file of the certificate authority that the service's comes
    from; *timeout_s*: for a connection, and between two bytes of an answer.
    """

    def __init__(
        self, url: str, *, key: str = "", token: str = "", cacert: str | None = None, timeout_s: float = 60.0
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"X-API-Key": key} if key else {"Authorization": f"Bearer {token}"} if token else {}
        # Of a session, `verify` would be overruled by REQUESTS_CA_BUNDLE.
        self._every: dict[str, Any] = {"timeout": timeout_s, "verify": cacert or True}
        self._of_thread = threading.local()

    def models(self) -> Answer:
        """Return what is served."""
        return self._ask("GET", "/models")

    def predict(self, photo: Photo, model: str = "", top: int | None = None, resize: str = "") -> Answer:
        """Return the answer for one photo, a path or its bytes; *model*: one name, several with commas, or `all`."""
        return self._ask("POST", "/predict", files=[_part(photo)], data=_fields(model, top, resize))

    def submit(
        self,
        photos: Sequence[Photo],
        model: str = "",
        top: int | None = None,
        resize: str = "",
        idempotency_key: str = "",
    ) -> Answer:
        """Have photos classified later; return the job: its `id`, `state` ... The same key makes no second job."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        parts = [_part(photo) for photo in photos]
        return self._ask("POST", "/jobs", files=parts, data=_fields(model, top, resize), headers=headers)

    def job(self, job_id: str) -> Answer:
        """Return a job as it stands."""
        return self._ask("GET", f"/jobs/{job_id}")

    def cancel(self, job_id: str) -> Answer:
        """End a job, and return it as it stands then."""
        return self._ask("DELETE", f"/jobs/{job_id}")

    def wait(
        self,
        job_id: str,
        insist: Callable[[Callable[[], Answer]], Answer] = lambda ask: ask(),
        pause: Callable[[float], object] = time.sleep,
    ) -> Iterator[Answer]:
        """Yield the entries of a job (`index`, `file` and an answer or an error) as they come, until it has ended.

        *insist* is given what asks the service, *pause* the seconds until it is worth another look.
        """
        seen: set[int] = set()
        while True:
            found = insist(lambda: self.job(job_id))
            for entry in found["predictions"]:
                if entry["index"] not in seen:
                    seen.add(entry["index"])
                    yield entry
            if found["state"] in FINAL:
                return
            pause(LOOK_S)

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> Answer:
        if not hasattr(self._of_thread, "session"):
            self._of_thread.session = requests.Session()
        try:
            answer = self._of_thread.session.request(
                method, self._url + path, headers={**self._headers, **(headers or {})}, **self._every, **body
            )
        except requests.exceptions.SSLError as error:
            raise TriptychError("bad_certificate", 0, f"{self._url}: {_cause(error)}") from None
        except requests.RequestException as error:
            raise TriptychError("unreachable", 0, f"{self._url}: {_cause(error)}") from None
        return _told(answer)


def _told(answer: requests.Response) -> Answer:
    """Return what an answer says.  Raises: TriptychError: it says what is wrong, or it is none of the service's."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if answer.ok and isinstance(body, dict):
        return body
    problem = body if isinstance(body, dict) else {}
    code = str(problem.get("code", "no_answer_of_ours"))
    detail = str(problem.get("detail") or problem.get("error") or f"status {answer.status_code} {answer.reason}")
    raise TriptychError(code, answer.status_code, detail, str(problem.get("request_id", "")), _seconds(answer))


def _seconds(answer: requests.Response) -> float | None:
    try:
        return max(0.0, float(answer.headers["Retry-After"]))
    except (KeyError, ValueError):
        return None


def _cause(error: BaseException) -> str:
    """Return the words of what went wrong first; `requests` wraps it several times."""
    while (inner := getattr(error, "reason", None) or error.__cause__ or error.__context__) and isinstance(
        inner, BaseException
    ):
        error = inner
    return str(error) or type(error).__name__


def _part(photo: Photo) -> tuple[str, tuple[str, bytes]]:
    if isinstance(photo, bytes):
        return ("file", ("photo", photo))
    path = Path(photo)
    return ("file", (path.name.encode("utf-8", "replace").decode(), path.read_bytes()))


def _fields(model: str, top: int | None, resize: str) -> dict[str, str]:
    given = {"model": model, "top": "" if top is None else str(top), "resize": resize}
    return {name: value for name, value in given.items() if value}


class Stopped(Exception):
    """We were told to stop."""


class Patience:
    """Asks again what may be answered later. All threads hold back together when the service says that it is busy."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._is_over = threading.Event()
        self._lock = threading.Lock()
        self._not_before = 0.0

    def ends_at(self) -> float:
        """Return until when what begins now is insisted on, a `time.monotonic()`."""
        return time.monotonic() + self._patience_s

    def stop(self) -> None:
        """Let nobody ask any more."""
        self._is_over.set()

    def pause(self, seconds: float) -> None:
        """Wait.  Raises: Stopped."""
        if self._is_over.wait(seconds):
            raise Stopped

    def insist(self, ask: Callable[[], T]) -> T:
        """Return what *ask* returns at last.  Raises: TriptychError: it is final, or patience is over.  Stopped."""
        give_up, pause_s = self.ends_at(), 0.5
        while True:
            self.pause(max(0.0, self._not_before - time.monotonic()))
            try:
                return ask()
            except TriptychError as error:
                if not error.is_transient or time.monotonic() >= give_up:
                    raise
                self._hold_back(error, pause_s)
                pause_s = min(MOST_PAUSE_S, 2 * pause_s)

    def _hold_back(self, error: TriptychError, pause_s: float) -> None:
        wanted_s = pause_s if error.retry_after_s is None else error.retry_after_s
        jittered_s = wanted_s * random.uniform(1.0, 1.25)  # noqa: S311  # so that not all come back at once
        if error.retry_after_s is None:
            self.pause(jittered_s)
            return
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + jittered_s)


class Outcome(NamedTuple):
    """Of one photo, named by its path below the folder: *answer*, or *code* and *detail* of why there is none."""

    file: str
    answer: Answer | None = None
    code: str = ""
    detail: str = ""


class Question(NamedTuple):
    """The options that shape an answer."""

    model: str = ""
    top: int | None = None
    resize: str = ""


Emit = Callable[[Outcome], None]


class Classifier:
    """Takes photos below *folder* to the service, one by one or, where *job_size* is set, as jobs of so many."""

    def __init__(self, client: Client, folder: Path, question: Question, patience: Patience, job_size: int = 0) -> None:
        self._client, self._folder, self._question = client, folder, question
        self._patience, self._job_size = patience, job_size

    def tasks(self, files: Sequence[str]) -> list[list[str]]:
        """Return *files* in groups of what is asked at a time."""
        size = self._job_size or 1
        return [list(files[start : start + size]) for start in range(0, len(files), size)]

    def run(self, files: list[str], emit: Emit) -> None:
        """Give *emit* an outcome for each.  Raises: TriptychError: every other photo would meet it too.  Stopped."""
        readable = [file for file in files if self._is_readable(file, emit)]
        if not readable:
            return
        try:
            (self._as_job if self._job_size else self._alone)(readable, emit)
        except TriptychError as error:
            if error.code in FATAL:
                raise
            if error.status == 413 and len(readable) > 1:
                half = len(readable) // 2
                self.run(readable[:half], emit)
                self.run(readable[half:], emit)
                return
            for file in readable:
                emit(Outcome(file, code=error.code, detail=error.detail))

    def _is_readable(self, file: str, emit: Emit) -> bool:
        try:
            with (self._folder / file).open("rb"):
                return True
        except OSError as error:
            emit(Outcome(file, code="unreadable_file", detail=error.strerror or str(error)))
            return False

    def _alone(self, files: list[str], emit: Emit) -> None:
        (file,) = files
        emit(Outcome(file, self._patience.insist(lambda: self._client.predict(self._folder / file, *self._question))))

    def _as_job(self, files: list[str], emit: Emit) -> None:
        """Make jobs until each file has an outcome: a job may expire, or be forgotten before we have looked at it."""
        left, give_up = dict(enumerate(files)), self._patience.ends_at()
        while left:
            places, key = list(left), uuid.uuid4().hex  # the key: so that a lost answer makes no second job
            paths = [self._folder / left[place] for place in places]
            submit = partial(self._client.submit, paths, *self._question, idempotency_key=key)
            job = self._patience.insist(submit)
            for entry in self._entries(job["id"]):
                emit(_outcome(left.pop(places[entry["index"]]), entry))
            if left and time.monotonic() >= give_up:
                raise TriptychError("expired", 0, "no job ended in time")

    def _entries(self, job_id: str) -> Iterator[Answer]:
        try:
            yield from self._client.wait(job_id, self._patience.insist, self._patience.pause)
        except Stopped:
            with contextlib.suppress(TriptychError):
                self._client.cancel(job_id)
            raise
        except TriptychError as error:
            if error.code not in FORGOTTEN:
                raise


def _outcome(file: str, entry: Answer) -> Outcome:
    if "code" in entry:
        return Outcome(file, code=entry["code"], detail=entry.get("detail") or entry.get("error") or "")
    return Outcome(file, {name: value for name, value in entry.items() if name not in ("index", "file")})


class BadOutput(Exception):
    """The file of results can't be gone on with; `str(error)` says why."""


class Results:
    """The file at *path*, which grows by whole photos. Rows are of one *question*, else it can't be gone on with."""

    def __init__(self, path: Path, question: Question) -> None:
        self._path, self._question = path, question
        self._form = _Table(question) if path.suffix.lower() == ".csv" else _Lines(question)
        self._file: io.TextIOWrapper | None = None

    def done(self) -> set[str]:
        """Return the photos that are in it; what a kill has left half-written is cut off.  Raises: BadOutput."""
        try:
            text = self._path.read_bytes()
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise BadOutput(f"{self._path}: {error.strerror}") from None
        whole = text[: text.rfind(b"\n") + 1]
        try:
            files, length = self._form.read(whole.decode("utf-8"))
        except (ValueError, KeyError, TypeError, csv.Error):
            raise BadOutput(f"{self._path} holds something else than results of this program") from None
        if length < len(text):
            with self._path.open("r+b") as file:
                file.truncate(length)
        return files

    def add(self, file: str, answer: Answer) -> None:
        """Write one photo's answer, to the disk's cache."""
        if self._file is None:
            self._file = self._path.open("a", encoding="utf-8", newline="")
            if self._file.tell() == 0:
                self._file.write(self._form.head())
        self._file.write(self._form.write(file, answer))
        self._file.flush()

    def close(self) -> None:
        """Close the file, if any was begun."""
        if self._file is not None:
            self._file.close()


class _Lines:
    """JSON, a line a photo: `file`, and the service's answer whole."""

    def __init__(self, question: Question) -> None:
        self._question = question

    def head(self) -> str:
        return ""

    def write(self, file: str, answer: Answer) -> str:
        return json.dumps({"file": file, **answer}) + "\n"

    def read(self, text: str) -> tuple[set[str], int]:
        """Return the photos in *text*, and how many of its bytes are whole."""
        answers = [json.loads(line) for line in text.splitlines()]
        for answer in answers[:1]:
            _check_model(self._question, sorted(answer.get("models") or [answer["model"]]))
            _check_top(self._question, len(_each(answer)[0]["results"]))
        return {answer["file"] for answer in answers}, len(text.encode())


class _Table:
    """CSV, a row a photo and model (and one for the ensemble of several)."""

    _FIRST = ("file", "model", "weights", "precision", "version")

    def __init__(self, question: Question) -> None:
        self._question = question
        self._top = question.top or DEFAULT_TOP

    def head(self) -> str:
        return _row(self._columns())

    def write(self, file: str, answer: Answer) -> str:
        return "".join(_row([file, *self._cells(each)]) for each in _each(answer))

    def read(self, text: str) -> tuple[set[str], int]:
        """Return the photos in *text*, and how many of its bytes are whole. Of several models the last photo is not."""
        if not text:
            return set(), 0
        rows = list(csv.reader(io.StringIO(text, newline="")))
        if rows[0][: len(self._FIRST)] != list(self._FIRST):
            raise ValueError(rows[0])
        _check_top(self._question, (len(rows[0]) - len(self._FIRST)) // 3)
        while len(rows) > 1 and len(rows[-1]) != len(rows[0]):
            rows.pop()
        models = sorted({row[1] for row in rows[1:]} - {ENSEMBLE})
        if models:
            _check_model(self._question, models)
        if len(models) > 1:
            last = rows[-1][0]
            rows = [row for row in rows if row[0] != last]
        whole = "".join(map(_row, rows))
        return {row[0] for row in rows[1:]}, len(whole.encode())

    def _columns(self) -> list[str]:
        ranks = range(1, self._top + 1)
        return [*self._FIRST, *(f"{name}{rank}" for rank in ranks for name in ("class", "prob", "id"))]

    def _cells(self, answer: Answer) -> list[str]:
        facts = [str(answer.get(name, "")) for name in self._FIRST[1:]]
        ranked = [str(each[name]) for each in answer["results"] for name in ("class", "prob", "id")]
        return (facts + ranked + [""] * 3 * self._top)[: len(facts) + 3 * self._top]


def _row(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _each(answer: Answer) -> list[Answer]:
    """Return the answers of each model, and of their ensemble where there is one."""
    if "models" not in answer:
        return [answer]
    whole = [answer] if answer.get("model") == ENSEMBLE else []
    return [*answer["models"].values(), *whole]


def _check_model(question: Question, found: list[str]) -> None:
    wanted = sorted(name.strip().lower() for name in question.model.split(","))
    if question.model and wanted not in (["all"], found):
        raise BadOutput(
            f"the file of results is of {','.join(found)}, not of {','.join(wanted)}: name another with --out"
        )


def _check_top(question: Question, found: int) -> None:
    if (question.top or DEFAULT_TOP) != found:
        raise BadOutput(
            f"the file of results has the top {found}, not {question.top or DEFAULT_TOP}: name another with --out"
        )


class Progress:
    """A bar with the time to go on a terminal, else a line for every tenth."""

    def __init__(self, total: int, done: int) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar = tqdm(
            total=total, initial=done, unit="photo", disable=not self._terminal, file=sys.stderr, smoothing=0.1
        )
        self._total, self._done, self._first, self._start = total, done, done, time.monotonic()

    def step(self) -> None:
        """One photo more has an outcome."""
        self._done += 1
        self._bar.update()
        if not self._terminal and self._done * 10 // self._total > (self._done - 1) * 10 // self._total:
            rate = (self._done - self._first) / max(1e-9, time.monotonic() - self._start)
            left_s = (self._total - self._done) / rate
            print(
                f"{self._done:,} of {self._total:,} photos, {rate:.1f} a second, {left_s:.0f} s to go", file=sys.stderr
            )

    def close(self) -> None:
        """End the bar."""
        self._bar.close()


def find_photos(folder: Path) -> list[str]:
    """Return the photos below *folder* by their paths from there, sorted; hidden ones left out."""
    if folder.is_file():
        return [folder.name]
    found = []
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = Path(place).relative_to(folder)
        found += [
            (below / name).as_posix()
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES
        ]
    return sorted(found)


class Batch:
    """Many photos, several at a time; the main thread writes what the others bring."""

    def __init__(self, classifier: Classifier, results: Results, patience: Patience, at_once: int) -> None:
        self._classifier, self._results, self._patience, self._at_once = classifier, results, patience, at_once
        self._brought: queue.SimpleQueue[Outcome | TriptychError | None] = queue.SimpleQueue()

    def run(self, files: Sequence[str], progress: Progress) -> list[Outcome]:
        """Return those that failed.  Raises: TriptychError: nothing more can be asked.  KeyboardInterrupt."""
        tasks = iter(self._classifier.tasks(files))
        lock, failed = threading.Lock(), list[Outcome]()
        threads = [threading.Thread(target=self._work, args=(tasks, lock), daemon=True) for _ in range(self._at_once)]
        for thread in threads:
            thread.start()
        working = len(threads)
        try:
            while working:
                brought = self._brought.get()
                if brought is None:
                    working -= 1
                elif isinstance(brought, TriptychError):
                    raise brought
                else:
                    self._note(brought, failed)
                    progress.step()
        finally:
            self._patience.stop()
            for thread in threads:
                thread.join(JOIN_S)
            self._rest(failed)
        return failed

    def _work(self, tasks: Iterator[list[str]], lock: threading.Lock) -> None:
        try:
            while True:
                with lock:
                    files = next(tasks, None)
                if files is None:
                    break
                self._classifier.run(files, self._brought.put)
        except Stopped:
            pass
        except TriptychError as error:
            self._brought.put(error)
        finally:
            self._brought.put(None)

    def _note(self, outcome: Outcome, failed: list[Outcome]) -> None:
        if outcome.answer is None:
            failed.append(outcome)
        else:
            self._results.add(outcome.file, outcome.answer)

    def _rest(self, failed: list[Outcome]) -> None:
        """Keep what came while we were about to stop."""
        while not self._brought.empty():
            brought = self._brought.get()
            if isinstance(brought, Outcome):
                self._note(brought, failed)


def classify(options: argparse.Namespace) -> int:
    """Do what the command line asks; return the exit status."""
    question = Question(options.model, options.top, options.resize)
    client = Client(options.url, key=options.key, token=options.token, cacert=options.cacert, timeout_s=options.timeout)
    results = Results(options.out, question)
    try:
        photos = find_photos(options.photos)
        done = results.done()
        client.models()  # so that a wrong address or certificate is told before there is a bar
    except (BadOutput, TriptychError) as error:
        return _cannot(str(error))
    if not photos:
        return _cannot(f"{options.photos} holds no photos ({', '.join(sorted(SUFFIXES))})")
    left = [photo for photo in photos if photo not in done]
    print(f"{len(photos):,} photos, {len(photos) - len(left):,} of them in {options.out} already", file=sys.stderr)
    folder = options.photos.parent if options.photos.is_file() else options.photos
    patience = Patience(options.patience)
    classifier = Classifier(client, folder, question, patience, options.job_size if options.via == "jobs" else 0)
    progress = Progress(len(photos), len(photos) - len(left))
    try:
        failed = Batch(classifier, results, patience, options.jobs).run(left, progress) if left else []
    except TriptychError as error:
        return _cannot(str(error))
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on where this ended.", file=sys.stderr)
        return INTERRUPTED
    finally:
        progress.close()
        results.close()
    return _report(failed, options.out)


def _cannot(why: str) -> int:
    print(f"triptych_client: {why}", file=sys.stderr)
    return 2


def _report(failed: Sequence[Outcome], out: Path) -> int:
    listed = out.with_name(out.name + ".failed.csv")
    if not failed:
        listed.unlink(missing_ok=True)
        return 0
    rows = sorted((outcome.file, outcome.code, outcome.detail) for outcome in failed)
    listed.write_text(_row(("file", "code", "detail")) + "".join(map(_row, rows)), encoding="utf-8", newline="")
    print(f"{len(rows):,} photos were not classified (also in {listed}):", file=sys.stderr)
    for file, code, detail in rows:
        print(f"{file}: {code}: {detail}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Ask a Triptych service what is in photos.")
    add = (
        parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
        .add_parser("classify", help="classify every photo below a folder, into a CSV or JSON-lines file")
        .add_argument
    )
    add("photos", type=Path, metavar="PHOTOS_DIR")
    add("--url", default="http://localhost:5000", help="of the service (default: %(default)s)")
    add(
        "--out",
        type=Path,
        required=True,
        help="FILE.csv, or FILE.jsonl for whole answers; one that is there is gone on with",
    )
    add("--model", default="", help="one, several with commas, or all; default: the service's")
    add("--top", type=int, help="labels for each photo, 1 to 10 (default: 3)")
    add("--resize", default="", help="crop, squash or keras")
    add("--jobs", type=_at_least_one, default=8, metavar="N", help="requests under way at once (default: %(default)s)")
    add(
        "--via",
        choices=("predict", "jobs"),
        default="predict",
        help="asynchronous jobs are for services that have Redis",
    )
    add("--job-size", type=_at_least_one, default=32, metavar="N", help="photos in one job (default: %(default)s)")
    add("--key", default=os.environ.get("TRIPTYCH_API_KEY", ""), help="API key (better: in TRIPTYCH_API_KEY)")
    add("--token", default=os.environ.get("TRIPTYCH_TOKEN", ""), help="JSON Web Token (better: in TRIPTYCH_TOKEN)")
    add("--cacert", metavar="FILE", help="certificate authority of the service")
    add("--timeout", type=float, default=60.0, metavar="S", help="for an answer (default: %(default)s)")
    add(
        "--patience",
        type=float,
        default=300.0,
        metavar="S",
        help="with a photo that is not answered (default: %(default)s)",
    )
    return parser


def _at_least_one(text: str) -> int:
    if int(text) < 1:
        raise ValueError(text)
    return int(text)


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = _parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    return classify(options)


if __name__ == "__main__":
    sys.exit(main())
