"""The rows of the start: from the command to the first right answer."""

import io
import json
import os
import shutil
import socket
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image

from bench.figure import Figure, Result
from bench.places import prepared
from bench.probe import Bench
from bench.ratio import estimate
from bench.services import START_S, RowFailed, clean_environment, log_file
from bench.subject import ALL_NETWORKS, Subject, ours
from cli.load.exchange import Request
from cli.service_process import free_port, process
from models.known_answers import KnownAnswers, tolerance
from models.labels import imagenet_labels
from models.manifest import Manifest, Precision

_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Start:
    """`make serve`, prepared, is to give its first right answer within *goal_s*.

    *cold*: the weights are not packed yet and the model files not in memory, as after copying CACHE_DIR to a machine.
    """

    slug: str
    title: str
    goal_s: float | None = None
    cold: bool = False
    subjects: frozenset[Subject] = frozenset()

    def runs(self, pairs: int) -> int:
        """Return how many steps `measure` tells of."""
        return pairs + 1

    def measure(self, bench: Bench) -> Result:
        """Start *pairs* times, after one start that does not count.  Raises: RowFailed."""
        seconds = []
        for _ in range(bench.pairs + 1):
            bench.step(self.title)
            if self.cold:
                _forget()
            seconds.append(_start_s())
        figure = Figure.of(self.title, estimate(seconds[1:]), unit="s", goal=self.goal_s, at_most=True)
        subject = ours(networks=ALL_NETWORKS)
        return Result(self.slug, (figure,), {subject.name: seconds[1:]}, {subject.name: subject.configuration})


def _start_s() -> float:
    # The settings file of whoever runs the bench must not change what is measured.
    settings = {**dict(ours(networks=ALL_NETWORKS).environ), "SETTINGS_FILE": "/dev/null"}
    port = free_port()
    assignments = [f"{name.removeprefix('TRIPTYCH_')}={value}" for name, value in settings.items()]
    make = shutil.which("make")
    if make is None:
        raise RowFailed("This row needs make (Debian: apt-get install make).")
    command = [make, "--no-print-directory", "serve", f"VENV={sys.prefix}", f"PORT={port}", *assignments]
    request, class_id, prob = _known_answer()
    request = Request(("127.0.0.1", port), request.message)
    start = time.monotonic()
    with process(command, clean_environment(), log_file("make serve")) as child:
        while time.monotonic() < start + START_S and child.poll() is None:
            answer = _ask(request)
            if answer is not None:
                taken = time.monotonic() - start
                _check(answer, class_id, prob)
                return taken
            time.sleep(_LOOK_S)
    raise RowFailed("make serve gave no answer")


def _ask(request: Request) -> bytes | None:
    """Return the body of a good answer; None where there is none yet."""
    try:
        with socket.create_connection(request.address, timeout=START_S) as connection:
            connection.sendall(request.message)
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return body if head.startswith(b"HTTP/1.1 200") else None


@cache
def _known_answer() -> tuple[Request, str, float]:
    """Return a request with a picture of the network's own size, and the answer recorded when it was prepared."""
    folder = prepared("resnet50")
    known, picture = KnownAnswers.read(folder), io.BytesIO()
    Image.fromarray(known.images[0]).save(picture, "PNG")
    scores = known.scores[Precision.INT8][0]
    best = int(scores.argmax())
    # squash leaves a picture of the network's own size as it is
    request = Request.upload("http://127.0.0.1:80/predict", picture.getvalue(), model="resnet50", resize="squash")
    return request, imagenet_labels()[best].id, float(scores[best])


def _check(answer: bytes, class_id: str, prob: float) -> None:
    first = json.loads(answer)["results"][0]
    manifest = Manifest.read(prepared("resnet50"))
    allowed = tolerance(Precision.INT8, manifest.artifacts[Precision.INT8].max_change)
    if first["id"] != class_id or abs(first["prob"] - prob) > allowed:
        raise RowFailed(f"the first answer is wrong: {first}, not {class_id} with {prob:.3f}")


def _forget() -> None:
    for network in ALL_NETWORKS.split(","):
        folder: Path = prepared(network)
        shutil.rmtree(folder / "machine", ignore_errors=True)
        for path in folder.glob("*.tflite"):
            with path.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
