#!/usr/bin/env python3
"""Classify a folder of photos with a Triptych service, or ask it from Python.

    python triptych_client.py classify PHOTOS_DIR --url http://localhost:5000 --model resnet50 --out results.csv

Copy this one file. It needs Python 3.9, `requests` and `tqdm`.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import itertools
import json
import math
import os
import queue
import random
import re
import signal
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO, Callable, NamedTuple, TypeVar, Union
from urllib.parse import urlsplit

import requests
from tqdm import tqdm

# What the service refuses is sent too, so that it is named and not silently left out.
SUFFIXES = {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".webp", ".heic", ".heif", ".avif", ".gif", ".bmp"}
SUFFIXES |= {".tif", ".tiff"}
ANSWERED, SOME_FAILED, CANNOT, INTERRUPTED = 0, 1, 2, 130  # exit statuses
PASSING = {429, 502, 503, 504}  # statuses of what may be asked again
HOPELESS = {"jobs_disabled", "invalid_model", "invalid_top", "invalid_resize", "weights_missing", "bad_certificate"}
HOPELESS |= {"come_again", "no_triptych"}
HOPELESS_STATUSES = {301, 302, 303, 307, 308, 401, 403, 404, 405}  # of a POST: every photo would get the same answer
FINAL = {"done", "failed", "cancelled", "expired"}
BACKOFF_S, LONGEST_BACKOFF_S = 0.5, 30.0
LONGEST_WAIT_S = 86400.0  # that a Retry-After is believed
JOB_BYTES = 16 << 20  # of photos in one job; the service takes MAX_REQUEST_MB, 40 by default
TOLD_EVERY_S = 30.0  # of a service that is away or busy
STOP_S = 5.0  # how long an interrupted run waits for what is under way
LINES = 10  # that a log gets of a run

Answer = dict[str, Any]  # JSON of the service
Upload = Union[str, "os.PathLike[str]", bytes]  # a photo's path, or its bytes
T = TypeVar("T")


class TriptychError(Exception):
    """What went wrong. *status* is 0 where no answer came; *retry_after* are seconds, None where none were given."""

    def __init__(
        self, code: str, detail: str, status: int = 0, request_id: str = "", retry_after: float | None = None
    ) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail, self.status = code, detail, status
        self.request_id, self.retry_after = request_id, retry_after

    @property
    def is_passing(self) -> bool:
        """Whether the same request may succeed later."""
        if self.code in HOPELESS or self.code == "gave_up":
            return False
        return self.code in {"unreachable", "timeout"} or self.status in PASSING

    @property
    def is_hopeless(self) -> bool:
        """Whether every other photo would get the same answer."""
        is_away = self.code == "gave_up" and self.status == 0  # for as long as patience is
        return is_away or self.status in HOPELESS_STATUSES or self.code in HOPELESS


class Stopped(Exception):
    """The run is to end."""


class Pace:
    """When may be asked again: all threads of a client hold back together. Any thread may use it."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], bool] | None = None,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._stop, self._tell, self._told_at = threading.Event(), tell, -math.inf
        self._clock, self._pause = clock, pause or self._stop.wait
        self._lock, self._not_before = threading.Lock(), 0.0

    def stop(self) -> None:
        """Let every wait, now and later, raise Stopped."""
        self._stop.set()

    def sleep(self, wait_s: float) -> None:
        """Wait. Raises: Stopped."""
        if self._pause(wait_s) or self._stop.is_set():
            raise Stopped

    def call(self, ask: Callable[[], T], patience_s: float) -> T:
        """Return what *ask* does, asking again while its error may pass, for *patience_s*.

        Raises: TriptychError: the service's; `gave_up` where patience ended. Stopped.
        """
        give_up = self._clock() + patience_s
        for attempt in itertools.count():
            self._turn()
            try:
                answer = ask()
            except TriptychError as error:
                if not error.is_passing:
                    raise
                wait_s = self._wait_s(error, attempt, patience_s)
                if self._clock() + wait_s > give_up:
                    detail = f"No answer within {patience_s:g} s. The last: {error}"
                    raise TriptychError("gave_up", detail, error.status, error.request_id) from error
                self._say(f"{error}. Trying again for up to {patience_s:g} s.")
            else:
                return answer
            self.sleep(wait_s)
        raise AssertionError

    def backoff_s(self, attempt: int) -> float:
        """Seconds before the attempt after *attempt* (from 0), scattered so that threads don't come in step."""
        longest = min(LONGEST_BACKOFF_S, BACKOFF_S * float(2 ** min(attempt, 10)))
        return longest * random.uniform(0.5, 1)  # noqa: S311

    def _say(self, what: str) -> None:
        """Tell why nothing comes, now and then."""
        if self._clock() - self._told_at > TOLD_EVERY_S:
            self._told_at = self._clock()
            self._tell(what)

    def _wait_s(self, error: TriptychError, attempt: int, patience_s: float) -> float:
        if not error.retry_after:
            return self.backoff_s(attempt)
        if error.retry_after > patience_s:
            detail = f"The service asks to come again in {error.retry_after:.0f} s: {error}"
            raise TriptychError("come_again", detail, error.status, error.request_id, error.retry_after) from error
        with self._lock:
            self._not_before = max(self._not_before, self._clock() + error.retry_after)
        return error.retry_after

    def _turn(self) -> None:
        self.sleep(0)
        while (left_s := self._not_before - self._clock()) > 0:
            self.sleep(left_s + random.uniform(0, min(1, left_s / 4)))  # noqa: S311


@dataclass(frozen=True)
class Job:
    """An asynchronous job as it was made. *state*: queued, running, done, failed, cancelled or expired."""

    id: str
    state: str


class Client:
    """A Triptych service at *url*. *timeout*: seconds without a byte. Any thread may use it.

    *key* is an API key, *token* a JSON Web Token, *cacert* a file of certificates to trust. All but `wait` ask once.
    """

    def __init__(
        self,
        url: str,
        key: str | None = None,
        token: str | None = None,
        cacert: str | None = None,
        timeout: float = 60.0,
        *,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.pace = Pace(tell=tell)
        self._url, self._verify, self._timeout = url.rstrip("/"), str(cacert) if cacert else True, timeout
        self._credentials = {"X-API-Key": _secret(key)} if key else {}
        if token:
            self._credentials["Authorization"] = f"Bearer {_secret(token)}"
        try:
            has_user = "@" in urlsplit(url).netloc
        except ValueError as error:
            raise TriptychError("bad_url", f"The address of the service is none: {error}") from None
        if has_user:
            raise TriptychError("bad_url", "An address with a user's name or password is not taken.")
        self._local = threading.local()

    def predict(
        self, photo: Upload, model: str | None = None, top: int | None = None, resize: str | None = None
    ) -> Answer:
        """Return the service's answer for one photo. Raises: TriptychError, OSError (the file can't be read)."""
        answer = _json(self._ask("POST", "/predict", files=_parts([photo]), data=_fields(model, top, resize)))
        return _with(answer, "results", "models")

    def submit(
        self,
        photos: Sequence[Upload],
        model: str | None = None,
        top: int | None = None,
        resize: str | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Send photos to be classified later. The same *idempotency_key* and photos are the same job again."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        data = _fields(model, top, resize)
        answer = _with(_json(self._ask("POST", "/jobs", files=_parts(photos), data=data, headers=headers)), "id")
        return Job(answer["id"], answer["state"])

    def job(self, job_id: str) -> Answer:
        """Return a job as it stands, with the results so far. Raises: TriptychError (404, 410: it is gone)."""
        return _with(_json(self._ask("GET", f"/jobs/{job_id}")), "state")

    def cancel(self, job_id: str) -> Answer:
        """End a job and return it as it stands."""
        return _json(self._ask("DELETE", f"/jobs/{job_id}"))

    def wait(self, job_id: str, patience: float = 300.0) -> Iterator[Answer]:
        """Yield the entry of each photo as it comes, until the job has ended; errors that pass are waited out.

        An entry's `index` is the photo's place in `submit`. *patience*: seconds without an answer. A photo may get no
        entry: of a job that was cancelled or has expired.
        """
        seen: set[int] = set()
        while True:
            response = self.pace.call(lambda: self._ask("GET", f"/jobs/{job_id}"), patience)
            answer = _with(_json(response), "predictions")
            is_final = answer["state"] in FINAL
            for entry in answer["predictions"]:
                may_change = entry.get("code") == "internal_error" and not is_final  # a slow worker may have an answer
                if entry["index"] not in seen and not may_change:
                    seen.add(entry["index"])
                    yield entry
            if is_final:
                return
            self.pace.sleep(_retry_after(response) or 1.0)

    def models(self) -> Answer:
        """Return what the service says of its models."""
        return _json(self._ask("GET", "/models"))

    def reach(self) -> None:
        """Raise TriptychError where no connection can be made; whatever is answered is well."""
        try:
            self._ask("GET", "/livez")
        except TriptychError as error:
            if not error.status or error.status in range(300, 400):
                raise

    def _ask(
        self,
        method: str,
        path: str,
        files: list[tuple[str, tuple[str, bytes]]] | None = None,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> requests.Response:
        """One request. A redirect is an error: it would make a GET of a POST, and send a key elsewhere."""
        try:
            response = self._session().request(
                method,
                self._url + path,
                files=files,
                data=data,
                headers=headers,
                timeout=self._timeout,
                verify=self._verify,  # here: of a session it would yield to REQUESTS_CA_BUNDLE
                allow_redirects=False,
            )
        except (requests.RequestException, OSError) as error:
            raise _transport_error(self._url, error) from error
        if response.status_code >= 300:
            raise _service_error(response)
        return response

    def _session(self) -> requests.Session:
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
            self._local.session.auth = self._sign  # also keeps a .netrc from overwriting the token
        session: requests.Session = self._local.session
        return session

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._credentials)
        return request


def _parts(photos: Sequence[Upload]) -> list[tuple[str, tuple[str, bytes]]]:
    return [("file", ("photo", photo) if isinstance(photo, bytes) else _read(Path(photo))) for photo in photos]


def _read(path: Path) -> tuple[str, bytes]:
    return path.name.encode("utf-8", "replace").decode(), path.read_bytes()


def _fields(model: str | None, top: int | None, resize: str | None) -> dict[str, str]:
    given = {"model": model, "top": top, "resize": resize}
    return {name: str(value) for name, value in given.items() if value is not None}


def _json(response: requests.Response) -> Answer:
    try:
        answer = response.json()
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise TriptychError("no_triptych", "The answer is no JSON object: is this a Triptych service?")
    return answer


def _with(answer: Answer, *any_of: str) -> Answer:
    """Return an answer that has one of these members, as one of the service's has."""
    if not any(name in answer for name in any_of):
        raise TriptychError("no_triptych", f"The answer has no {any_of[0]}: is this a Triptych service?")
    return answer


def _secret(text: str) -> str:
    """Return a credential as a header takes it; a bad one is not shown."""
    if not re.fullmatch(r"[!-~]+", text.strip()):
        raise TriptychError("bad_credential", "A key or token is made of visible ASCII characters.")
    return text.strip()


def _service_error(response: requests.Response) -> TriptychError:
    try:
        problem = _json(response)
    except TriptychError:  # a proxy's own page, or a redirect
        problem = {"detail": " ".join([response.reason or "", response.headers.get("Location", "")]).strip()}
    status = response.status_code
    code, detail = problem.get("code", f"http_{status}"), problem.get("detail") or problem.get("error", "")
    return TriptychError(str(code), str(detail), status, str(problem.get("request_id", "")), _retry_after(response))


def _retry_after(response: requests.Response) -> float | None:
    """Seconds, which the header may also give as a date."""
    text = response.headers.get("Retry-After", "")
    if re.fullmatch(r"[0-9]{1,9}", text):
        return min(LONGEST_WAIT_S, float(text))
    try:
        return min(LONGEST_WAIT_S, max(0.0, parsedate_to_datetime(text).timestamp() - time.time()))
    except (TypeError, ValueError, IndexError):
        return None


def _transport_error(url: str, error: OSError) -> TriptychError:
    inner = error.args[0] if error.args else error
    cause = str(getattr(inner, "reason", inner))
    if isinstance(error, requests.Timeout):
        return TriptychError("timeout", f"{url}: {cause}")
    if "CERTIFICATE" in cause or not isinstance(error, requests.RequestException):  # requests: a bad --cacert
        return TriptychError("bad_certificate", f"{url}: {cause}")
    return TriptychError("unreachable", f"{url}: {cause.rsplit(': ', 1)[-1]}")


class Photo(NamedTuple):
    """A file, and its name in the results: its path below the folder."""

    path: Path
    name: str


def find_photos(place: Path, unreadable: Callable[[OSError], object]) -> list[Photo]:
    """All photos in a folder and below, sorted by name, without hidden ones; or the one file.

    *unreadable* is told of folders that can't be entered. Links to folders are not followed.
    """
    if place.is_file():
        return [Photo(place, place.name)]
    found = []
    for folder, folders, files in os.walk(place, onerror=unreadable):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = [Path(folder, name) for name in files if not name.startswith(".")]
        found += [Photo(path, path.relative_to(place).as_posix()) for path in paths if path.suffix.lower() in SUFFIXES]
    return sorted(found, key=lambda photo: photo.name)


class Known(NamedTuple):
    """What a record of an earlier run tells."""

    name: str
    models: frozenset[str]
    top: int


class Csv:
    """A row a photo and model, and one for their ensemble."""

    def __init__(self, top: int) -> None:
        labels = [f"{part}{n}" for n in range(1, top + 1) for part in ("class", "prob", "id")]
        self.top, self.head = top, _csv_line(["file", "model", "weights", "precision", "version", *labels])

    def is_whole(self, text: str) -> bool:
        """Whether a record ends here: a file's name may hold a line's end, in quotes."""
        return text.endswith("\n") and text.count('"') % 2 == 0

    def read(self, text: str) -> Known:
        """Return what a record tells."""
        row = next(csv.reader(io.StringIO(text, newline="")))
        return Known(row[0], frozenset(row[1:2]) - {"ensemble"}, self.top)

    def write(self, name: str, answer: Answer) -> str:
        """Return the record of an answer."""
        parts = [*answer.get("models", {}).values()] + ([answer] if "results" in answer else [])
        return "".join(_csv_line(self._row(name, part)) for part in parts)

    def _row(self, name: str, part: Answer) -> list[object]:
        row: list[object] = [name, *(part.get(field, "") for field in ("model", "weights", "precision", "version"))]
        for label in part["results"]:
            row += [label["class"], label["prob"], label["id"]]
        return row + [""] * (5 + 3 * self.top - len(row))


class Jsonl:
    """A line a photo: its name and the service's answer."""

    def __init__(self, top: int) -> None:
        self.top, self.head = top, ""

    def is_whole(self, text: str) -> bool:
        """Whether a record ends here."""
        return text.endswith("\n")

    def read(self, text: str) -> Known:
        """Return what a record tells."""
        answer = json.loads(text)
        labels = answer.get("results") or next(iter(answer.get("models", {}).values()))["results"]
        return Known(answer["file"], models_of(answer), len(labels))

    def write(self, name: str, answer: Answer) -> str:
        """Return the record of an answer; a job's `index` and `file` are those of one request and mean nothing here."""
        kept = {field: value for field, value in answer.items() if field not in {"index", "file"}}
        return json.dumps({"file": name, **kept}) + "\n"


def _locked(file: BinaryIO) -> bool:
    """Take a file for this process; say whether that was possible. Systems without such locks are trusted."""
    try:
        import fcntl
    except ImportError:  # Windows: there only the file's size tells of another run
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system that has no locks
        return True
    return True


def _csv_line(row: Sequence[object]) -> str:
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(row)  # so that both are quoted in a name
    return line.getvalue()[:-2] + "\n"


def models_of(answer: Answer) -> frozenset[str]:
    """Names of the models that answered."""
    return frozenset(answer["models"] if "models" in answer else [answer["model"]])


class Results:
    """The file of results, which may hold those of an earlier run. One thread uses it.

    Nothing is written before the first result. Raises TriptychError where the earlier run had other settings.
    """

    def __init__(self, path: Path, form: Csv | Jsonl, model: str | None) -> None:
        self.done: set[str] = set()
        self._path, self._form = path, form
        self._models: frozenset[str] = frozenset()  # of each photo so far
        self._size = self._last = 0  # bytes of whole records; where the last photo's begin
        self._file: BinaryIO | None = None
        self._found_size = 0
        counts = self._read() if path.exists() else []
        is_one_of_several = len(counts) == 1 and bool(model) and (str(model).lower() == "all" or "," in str(model))
        if counts and (counts[-1] < counts[0] or is_one_of_several):  # some of its rows may never have been written
            self._size = self._last
            self.done.discard(self._last_name)
        if not self.done:
            self._models = frozenset()
        asked = frozenset((model or "all").lower().replace(" ", "").split(","))
        if self.done and "all" not in asked:
            self._check(asked)

    def write(self, name: str, answer: Answer) -> None:
        """Add one photo's result. It is in the file, for any other process, on return."""
        if self._models:
            self._check(models_of(answer))
        self._models = models_of(answer)
        text = self._form.write(name, answer)
        if self._file is None:
            self._file = self._open()
            text = text if self._size else self._form.head + text
        left = memoryview(text.encode("utf-8", "surrogateescape"))
        while left:  # a disk that is nearly full takes a part, and refuses the rest
            left = left[self._file.write(left) :]
        self.done.add(name)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()

    def _open(self) -> BinaryIO:
        file = self._path.open("ab", buffering=0)  # a kill leaves no buffer behind
        if not _locked(file) or file.tell() != self._found_size:
            file.close()
            raise TriptychError("other_run", f"Another run writes to {self._path}. Give another --out, or wait for it.")
        file.truncate(self._size)
        return file

    def _read(self) -> list[int]:
        """Note what is there; return how many records each photo has."""
        counts: list[int] = []
        text, head, end, self._last_name = "", self._form.head, 0, ""
        with self._path.open("rb") as file:
            for line in file:
                text, end = text + line.decode("utf-8", "surrogateescape"), end + len(line)
                if not self._form.is_whole(text):
                    continue
                if head:
                    self._check_head(text)
                    head = ""
                else:
                    self._note(text, counts)
                text, self._size = "", end
        self._found_size = end
        is_ours = head.startswith(text) if head else self._size or text.startswith('{"file"'[: len(text)])
        if text and not is_ours:
            raise self._other("it is not a file of these results")
        return counts

    def _note(self, text: str, counts: list[int]) -> None:
        try:
            known = self._form.read(text)
        except (ValueError, LookupError, TypeError, AttributeError, StopIteration, csv.Error) as error:
            raise self._other("it is not a file of these results") from error
        if known.top != self._form.top:
            raise self._other(f"it has {known.top} labels a photo, not {self._form.top}")
        if known.name != self._last_name:
            counts.append(0)
            self._last, self._last_name = self._size, known.name
        counts[-1] += 1
        self._models |= known.models
        self.done.add(known.name)

    def _check_head(self, text: str) -> None:
        if text != self._form.head:
            raise self._other("its columns are not those of this --top")

    def _check(self, models: frozenset[str]) -> None:
        if models != self._models:
            raise self._other(f"its model is {','.join(sorted(self._models))}, not {','.join(sorted(models))}")

    def _other(self, why: str) -> TriptychError:
        return TriptychError("other_settings", f"{self._path} was made with other settings: {why}. Give another --out.")


class Outcome(NamedTuple):
    """What became of a photo: an answer or an error."""

    photo: Photo
    answer: Answer | None
    error: TriptychError | None = None


Road = Callable[[list[Photo]], Iterator[Outcome]]


class Question(NamedTuple):
    """What is asked of each photo; *patience_s* for an answer."""

    model: str | None
    top: int
    resize: str | None
    patience_s: float


class ByPredict:
    """One request a photo."""

    def __init__(self, client: Client, question: Question) -> None:
        self._client, self._question = client, question

    def take(self, photos: Iterator[Photo]) -> list[Photo]:
        """Return the next one."""
        return list(itertools.islice(photos, 1))

    def __call__(self, photos: list[Photo]) -> Iterator[Outcome]:
        """Classify each photo. Raises: TriptychError that every photo would meet; Stopped."""
        yield from map(self._one, photos)

    def _one(self, photo: Photo) -> Outcome:
        asked = self._question
        try:
            upload = photo.path.read_bytes()
        except OSError as error:
            return _unreadable(photo, error)

        def ask() -> Answer:
            return self._client.predict(upload, asked.model, asked.top, asked.resize)

        try:
            return Outcome(photo, self._client.pace.call(ask, asked.patience_s))
        except TriptychError as error:
            if error.is_hopeless:
                raise
            return Outcome(photo, None, error)


class ByJobs:
    """An asynchronous job for many photos, of JOB_BYTES at most; they are in memory only while they are sent."""

    def __init__(self, client: Client, question: Question, size: int) -> None:
        self._client, self._question, self._size = client, question, size
        self._held: Photo | None = None

    def take(self, photos: Iterator[Photo]) -> list[Photo]:
        """Return the next ones, for one job."""
        taken, left = list[Photo](), JOB_BYTES
        while len(taken) < self._size and (photo := self._held or next(photos, None)):
            self._held = None
            with contextlib.suppress(OSError):
                left -= photo.path.stat().st_size
            if left < 0 and taken:
                self._held = photo  # for the next job
                break
            taken.append(photo)
        return taken

    def __call__(self, photos: list[Photo]) -> Iterator[Outcome]:
        """Classify photos as jobs, anew where one is lost. Raises: as ByPredict."""
        missing, pace, news = list(photos), self._client.pace, time.monotonic()
        for attempt in itertools.count():
            for outcome in self._once(missing):
                if outcome.error and outcome.error.is_passing:
                    continue  # its own entry came too late
                news = time.monotonic()
                missing.remove(outcome.photo)
                yield outcome
            if not missing:
                return
            if time.monotonic() - news > self._question.patience_s:
                break
            pace.sleep(pace.backoff_s(attempt))
        for photo in missing:
            yield Outcome(photo, None, TriptychError("gave_up", "Its jobs were lost or expired."))

    def _once(self, missing: Sequence[Photo]) -> Iterator[Outcome]:
        """One job, or several where one is too large; yields what came of it."""
        asked, photos, key = self._question, list(missing), str(uuid.uuid4())

        def submit() -> Job:
            paths = [photo.path for photo in photos]
            return self._client.submit(paths, asked.model, asked.top, asked.resize, key)

        try:
            job = self._client.pace.call(submit, asked.patience_s)
        except (TriptychError, OSError) as error:
            yield from self._without(photos, error)
            return
        for entry in self._entries(job.id):
            yield _outcome(photos[entry["index"]], entry)

    def _without(self, photos: list[Photo], error: TriptychError | OSError) -> Iterator[Outcome]:
        """What becomes of photos of which no job could be made."""
        if isinstance(error, TriptychError) and error.is_hopeless:
            raise error
        is_too_much = isinstance(error, OSError) or error.status == 413  # or one of them can't be read
        if is_too_much and len(photos) > 1:
            if isinstance(error, TriptychError) and error.code == "too_many_files":
                self._size = max(1, min(self._size, len(photos) // 2))
            middle = len(photos) // 2
            for part in (photos[:middle], photos[middle:]):
                yield from self._once(part)
        elif isinstance(error, OSError):
            yield from (_unreadable(photo, error) for photo in photos)
        else:
            yield from (Outcome(photo, None, error) for photo in photos)

    def _entries(self, job_id: str) -> Iterator[Answer]:
        """Entries of a job as they come; of one that is gone none; of one that is stopped what it had."""
        seen: set[int] = set()
        try:
            for entry in self._client.wait(job_id, self._question.patience_s):
                seen.add(entry["index"])
                yield entry
        except TriptychError as error:
            if error.status not in {404, 410} and error.code != "gave_up":
                raise
        except Stopped:
            with contextlib.suppress(TriptychError):
                left = self._client.cancel(job_id)["predictions"]
                yield from (entry for entry in left if entry["index"] not in seen)
            raise


def _unreadable(photo: Photo, error: OSError) -> Outcome:
    return Outcome(photo, None, TriptychError("unreadable_file", error.strerror or str(error)))


def _outcome(photo: Photo, entry: Answer) -> Outcome:
    if "code" not in entry:
        return Outcome(photo, entry)
    detail = entry.get("detail") or entry.get("error", "")
    return Outcome(photo, None, TriptychError(entry["code"], detail, entry.get("status", 0)))


class Progress:
    """A bar with the time left on a terminal, some lines in a log."""

    def __init__(self, total: int) -> None:
        self._total, self._done, self._start = total, 0, time.monotonic()
        self._is_terminal = sys.stderr.isatty()
        self._bar = tqdm(total=total, desc="classify", unit="photo", file=sys.stderr, disable=not self._is_terminal)

    def advance(self) -> None:
        """Count one photo."""
        self._done += 1
        self._bar.update()
        if not self._is_terminal and self._done * LINES // self._total > (self._done - 1) * LINES // self._total:
            rate = self._done / max(1e-9, time.monotonic() - self._start)
            left_s = (self._total - self._done) / rate
            say(f"{self._done:,} of {self._total:,} photos, {rate:.1f} a second, {left_s:.0f} s to go")

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()


def say(line: str) -> None:
    """Print to standard error; a name that is no text is shown as well as it can be."""
    tqdm.write(line.encode("utf-8", "backslashreplace").decode(), file=sys.stderr)


class Interrupt:
    """In the queue instead of an outcome: a person or a supervisor wants the run to end."""


class Run:
    """Threads that classify; one thread, the caller's, that keeps what they bring."""

    def __init__(self, road: ByPredict | ByJobs, pace: Pace, photos: Sequence[Photo], threads: int) -> None:
        self._road, self._pace, self._photos = road, pace, iter(photos)
        self._taking = threading.Lock()
        # SimpleQueue: its put may be called in a signal handler
        self._brought: queue.SimpleQueue[Outcome | BaseException | Interrupt | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what comes of each photo. Raises: KeyboardInterrupt, after what was under way; TriptychError."""
        handlers = {number: signal.signal(number, self._interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
        working, give_up, ending = len(self._threads), None, None
        try:
            for thread in self._threads:
                thread.start()
            while working:
                brought = self._next(give_up)
                if isinstance(brought, Outcome):
                    yield brought
                elif brought is None:
                    working -= 1
                elif ending is None:  # the others get a moment to bring what they have, and to cancel their jobs
                    ending = KeyboardInterrupt() if isinstance(brought, Interrupt) else brought
                    give_up = time.monotonic() + STOP_S
                    self._pace.stop()
        except queue.Empty:
            pass  # what is still under way is lost to this run, and done again by the next
        finally:
            self._pace.stop()
            for number, handler in handlers.items():
                signal.signal(number, handler)
        if ending is not None:
            raise ending

    def _next(self, give_up: float | None) -> Outcome | BaseException | Interrupt | None:
        while give_up is None and os.name == "nt":  # where nothing interrupts a wait without an end
            with contextlib.suppress(queue.Empty):
                return self._brought.get(timeout=1.0)
        return self._brought.get(timeout=None if give_up is None else max(0.0, give_up - time.monotonic()))

    def _interrupt(self, number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_DFL)  # the second one ends it at once
        self._brought.put(Interrupt())

    def _work(self) -> None:
        try:
            while photos := self._take():
                for outcome in self._road(photos):
                    self._brought.put(outcome)
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again by the thread that reads
            self._brought.put(error)
        finally:
            self._brought.put(None)

    def _take(self) -> list[Photo]:
        self._pace.sleep(0)
        with self._taking:
            return self._road.take(self._photos)


def classify(given: argparse.Namespace) -> int:
    """Classify what is not yet in --out; return the exit status. Raises: TriptychError, KeyboardInterrupt, OSError."""
    form = Csv(given.top) if given.out.suffix == ".csv" else Jsonl(given.top)
    results, failed = Results(given.out, form, given.model), list[Outcome]()
    photos = find_photos(given.photos, lambda error: failed.append(_closed(given.photos, error)))
    if not photos and not failed:
        raise TriptychError("no_photos", f"There are no photos in {given.photos}.")
    missing = [photo for photo in photos if photo.name not in results.done]
    if len(missing) < len(photos):
        say(f"{len(photos) - len(missing):,} of {len(photos):,} photos are in {given.out} already")
    client = Client(given.url, given.key, given.token, given.cacert, given.timeout, tell=say)
    if missing:
        client.reach()
    is_whole = False
    try:
        _gather(given, client, missing, results, failed)
        is_whole = True
    except KeyboardInterrupt:
        done = sum(photo.name in results.done for photo in photos)
        say(f"Interrupted: {done:,} of {len(photos):,} photos are in {given.out}. The same command goes on.")
        return INTERRUPTED
    finally:
        list_failed(given.out, failed, is_whole=is_whole)
    return SOME_FAILED if failed else ANSWERED


def _closed(top: Path, error: OSError) -> Outcome:
    path = Path(str(error.filename))
    why = TriptychError("unreadable_folder", error.strerror or str(error))
    return Outcome(Photo(path, path.relative_to(top).as_posix()), None, why)


def _gather(
    given: argparse.Namespace, client: Client, photos: list[Photo], results: Results, failed: list[Outcome]
) -> None:
    """Write results as they come, and collect what failed."""
    question = Question(given.model, given.top, given.resize, given.patience)
    road = ByPredict(client, question) if given.via == "predict" else ByJobs(client, question, given.job_size)
    progress = Progress(len(photos))
    try:
        for outcome in Run(road, client.pace, photos, given.jobs).outcomes():
            if outcome.answer is None:
                failed.append(outcome)
            else:
                results.write(outcome.photo.name, outcome.answer)
            progress.advance()
    finally:
        progress.close()
        results.close()


def list_failed(out: Path, failed: Sequence[Outcome], *, is_whole: bool) -> None:
    """Name what failed, on standard error and in a file beside *out*, removed where nothing did in a whole run."""
    beside = out.with_name(f"{out.name}.failed.csv")
    rows = [(item.photo.name, item.error.code, item.error.detail) for item in failed if item.error]
    for name, code, detail in sorted(rows):
        say(f"{name}: {code}: {detail}")
    if rows:
        text = "".join(map(_csv_line, [("file", "code", "detail"), *sorted(rows)]))
        beside.write_bytes(text.encode("utf-8", "surrogateescape"))
        say(f"{len(rows):,} photos failed; they are in {beside}, and tried again by the same command")
    elif is_whole and beside.exists():
        beside.unlink()


def parser() -> argparse.ArgumentParser:
    """The command line."""
    whole = argparse.ArgumentParser(prog="triptych_client.py", description=(__doc__ or "").splitlines()[0])
    command = whole.add_subparsers(dest="command", required=True).add_parser("classify", help="a folder of photos")
    add, environ = command.add_argument, os.environ
    add("photos", metavar="PHOTOS_DIR", type=_existing, help="walked with all folders in it; or one photo")
    add("--url", required=True, help="of the service, such as http://localhost:5000")
    add(
        "--out", required=True, type=_out, metavar="FILE", help="results.csv or results.jsonl; goes on with what it has"
    )
    add("--model", help="one, several (a,b) or all; default: the service's")
    add("--top", type=_count, default=3, help="labels a photo (3)")
    add("--resize", help="crop, squash or keras; default: the service's")
    add("--via", choices=("predict", "jobs"), default="predict", help="jobs: asynchronously, many photos a request")
    add("--jobs", type=_count, default=8, help="requests, or asynchronous jobs, under way at once (8)")
    add("--job-size", type=_count, default=32, help="photos an asynchronous job (32)")
    add("--key", default=environ.get("TRIPTYCH_API_KEY"), help="API key; default: TRIPTYCH_API_KEY")
    add("--token", default=environ.get("TRIPTYCH_TOKEN"), help="JSON Web Token; default: TRIPTYCH_TOKEN")
    add("--cacert", type=_existing, metavar="FILE", help="certificates to trust")
    add("--timeout", type=_seconds, default=60.0, help="seconds without a byte before a request is made anew (60)")
    add("--patience", type=_seconds, default=300.0, help="seconds without an answer before a photo is given up (300)")
    return whole


def _existing(text: str) -> Path:
    if not Path(text).exists():
        raise argparse.ArgumentTypeError(f"{text} does not exist")
    return Path(text)


def _out(text: str) -> Path:
    path = Path(text)
    if path.suffix not in {".csv", ".jsonl"}:
        raise argparse.ArgumentTypeError(f"{text} ends neither in .csv nor in .jsonl")
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}")
    return path


def _count(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1")
    return int(text)


def _seconds(text: str) -> float:
    number = float(text)
    if not 0 < number < 1e6:
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds above 0")
    return number


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    try:
        return classify(parser().parse_args(arguments))
    except (TriptychError, OSError) as error:
        say(f"triptych_client.py: {error}")
        return CANNOT
    except KeyboardInterrupt:
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
