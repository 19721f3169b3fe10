"""What one request was and where its time went: filled on the way, read by the log and the metrics at its end."""

import time
from dataclasses import dataclass, field

from flask import request

from models.road import Opinion

ENVIRON_KEY = "triptych.record"  # where Gunicorn's logger, which sees no Flask, finds it


@dataclass(slots=True)
class Record:
    """Of one request. Seconds and bytes.

    *caller*: `key:` and its id or `token:` and its subject, never the secret. *code*: of the problem it was answered
    with. *image_codes*: of each image without an answer. *formats*: of each that was decoded. *decode_s*: of each whose
    decoding was begun. *queue_s*: in all, for a worker, cores and slots; None: it is nothing that waits for them.
    *inference_s*: by model, of each image. *began*: a `time.monotonic()`.
    """

    caller: str = ""
    code: str = ""
    route: str = ""
    images: int = 0
    image_bytes: int = 0
    image_codes: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)
    decode_s: list[float] = field(default_factory=list)
    queue_s: float | None = None
    inference_s: dict[str, list[float]] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def add(self, opinion: Opinion) -> None:
        """Take note of what an image took, as far as it came."""
        if opinion.format:
            self.formats.append(opinion.format)
        if opinion.decode_s:
            self.decode_s.append(opinion.decode_s)
        self.queue_s = (self.queue_s or 0.0) + opinion.queue_s
        for model, seconds in opinion.inference_s.items():
            self.inference_s.setdefault(model, []).append(seconds)


def record() -> Record:
    """Return the record of the request at hand; the first call begins it."""
    found: Record = request.environ.setdefault(ENVIRON_KEY, Record())
    return found
