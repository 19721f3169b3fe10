"""Images that jobs get through in a second, with some jobs always under way."""

import json
import re
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field

from bench.pictures import USUAL
from bench.probe import Bench
from bench.services import RowFailed
from bench.subject import Subject
from cli.load.exchange import form

_TIMEOUT_S = 60
_START_S = 120
_BUSY = 503
_FINAL = ("done", "failed", "cancelled", "expired")
_IMAGES = re.compile(r"^triptych_job_images_total ([0-9.e+]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class JobRate:
    """Jobs of *images* each, *under_way* at a time."""

    subject: Subject
    images: int = 32
    under_way: int = 8

    @property
    def name(self) -> str:
        """See `Probe`."""
        return f"{self.subject.name}, jobs of {self.images}"

    def run(self, bench: Bench) -> float:
        """Return the rate while every caller is busy: how far the ledger's count rose.  Raises: RowFailed."""
        callers = _Callers(bench.fleet.get(self.subject).url, self.images)
        threads = [threading.Thread(target=callers.call) for _ in range(self.under_way)]
        for thread in threads:
            thread.start()
        try:
            callers.wait_for_the_first()
            before, start = callers.images_done(), time.monotonic()
            callers.is_over.wait(bench.seconds)  # also where one of them has failed
            done, took_s = callers.images_done() - before, time.monotonic() - start
        finally:
            callers.is_over.set()
            for thread in threads:
                thread.join()
        if callers.failed:
            raise RowFailed(f"{self.name}: {callers.failed[0]}")
        return done / took_s


@dataclass(slots=True)
class _Callers:
    """Each makes a job, waits for its end, and makes the next."""

    url: str  # of /predict
    images: int
    failed: list[str] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    is_warm: threading.Event = field(default_factory=threading.Event)

    def call(self) -> None:
        """Go on until told to stop, and until the last job has ended."""
        body, kind = form(*[USUAL.path.read_bytes()] * self.images)
        try:
            while not self.is_over.is_set():
                made = urllib.request.Request(self._at("/jobs"), body, {"Content-Type": kind})  # noqa: S310  # loopback
                self._follow(self._told(made)["id"])
                self.is_warm.set()
        except (OSError, ValueError) as error:
            self.failed.append(str(error))
            self.is_warm.set()
            self.is_over.set()

    def wait_for_the_first(self) -> None:
        """Return when a job has ended: the worker is up."""
        if not self.is_warm.wait(_START_S):
            self.failed.append(f"no job has ended in {_START_S} s")
            self.is_over.set()

    def images_done(self) -> float:
        """Return the ledger's count."""
        with urllib.request.urlopen(self._at("/metrics"), timeout=_TIMEOUT_S) as answer:  # noqa: S310
            found = _IMAGES.search(answer.read().decode())
        return float(found[1]) if found else 0.0

    def _follow(self, job_id: str) -> None:
        look = urllib.request.Request(self._at(f"/jobs/{job_id}"))  # noqa: S310
        while (state := self._told(look)["state"]) not in _FINAL:
            if self.failed:
                return
            time.sleep(1)  # as the answer's Retry-After says
        if state != "done":
            raise ValueError(f"a job ended {state}")

    def _told(self, request: urllib.request.Request) -> dict[str, str]:
        while True:
            try:
                with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310
                    read: dict[str, str] = json.load(answer)
                return read
            except urllib.error.HTTPError as error:
                if error.code != _BUSY:
                    raise
                time.sleep(float(error.headers["Retry-After"]))

    def _at(self, path: str) -> str:
        return self.url.removesuffix("/predict") + path
