"""What one request was and where its time went: filled on the way, read by the log and the metrics at its end."""

import time
from dataclasses import dataclass, field

from flask import request

from models.road import Opinion

ENVIRON_KEY = "triptych.record"  # where Gunicorn's logger, which sees no Flask, finds it


@dataclass(slots=True)
class Record:
    """Of one request. Seconds and bytes; sums where it has several images or models.

    *caller*: id of the API key or subject of the token, never the secret. *code*: of the problem it was answered with.
    *formats*: of each image that was decoded. *inference_s*: by model. *began*: a `time.monotonic()`.
    """

    caller: str = ""
    code: str = ""
    route: str = ""
    images: int = 0
    image_bytes: int = 0
    formats: list[str] = field(default_factory=list)
    decode_s: float = 0.0
    queue_s: float = 0.0
    inference_s: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def add(self, opinion: Opinion) -> None:
        """Take note of an image that was answered."""
        self.formats.append(opinion.format)
        self.decode_s += opinion.decode_s
        self.queue_s += opinion.queue_s
        for model, seconds in opinion.inference_s.items():
            self.inference_s[model] = self.inference_s.get(model, 0.0) + seconds


def record() -> Record:
    """Return the record of the request at hand; the first call begins it."""
    found: Record = request.environ.setdefault(ENVIRON_KEY, Record())
    return found
