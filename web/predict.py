"""POST /predict: images in any of the ways in, one model or several."""

import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from flask import Blueprint, Response, jsonify

from models.deadline import Deadline
from models.errors import DeadlineExceeded, ModelError
from models.question import Question
from models.reply import reply
from models.road import Opinion
from preprocessing.errors import ImageError
from web.errors import Overloaded, RequestError, entry, told_of
from web.record import Record, record
from web.request import request_deadline, request_id, request_waited_s
from web.service import Service, current_service
from web.uploads import Upload

blueprint = Blueprint("predict", __name__)


class Outcome(NamedTuple):
    """What became of one upload; *opinion* is empty where the upload itself could not be taken."""

    upload: Upload
    opinion: Opinion

    @property
    def error(self) -> RequestError | ImageError | ModelError | None:
        """Return why there is no answer."""
        return self.upload.error or self.opinion.error


@blueprint.post("/predict")
def predict() -> Response:
    """Answer with the likeliest labels of each uploaded image."""
    service, noted = current_service(), record()
    deadline = request_deadline(service.deadline_s)
    noted.queue_s = request_waited_s()
    inputs = service.reader.read(deadline)
    question = service.asker.question(inputs.fields)
    _admit(service, sum(upload.error is None for upload in inputs.uploads), question, deadline)
    start = time.monotonic()
    outcomes = _outcomes(service, inputs.uploads, question, deadline)
    if any(
        outcome.opinion.inference_s for outcome in outcomes
    ):  # neither a slow sender nor a quick refusal tells how long those who wait will take
        service.admission.served(time.monotonic() - start)
    _note(service, outcomes, noted)
    if service.shadow:
        for upload, opinion in outcomes:
            service.shadow.see(upload.content, opinion, question.resize)
    response = jsonify(_batch(outcomes, question) if len(outcomes) > 1 else _one(outcomes[0], question))
    response.headers["Server-Timing"] = _server_timing(noted)
    return response


def _admit(service: Service, images: int, question: Question, deadline: Deadline) -> None:
    """Refuse at once what can't end in time.  Raises: Overloaded; DeadlineExceeded: its sender was too slow."""
    # Never for more than half of the time there is: else one slow moment would refuse all that could correct it.
    expected_s = min(images * service.pace.expected_s(question.models), service.deadline_s / 2)
    if (left_s := deadline.remaining_s) >= max(0, expected_s):
        return
    if left_s <= 0 or service.deadline_s - request_waited_s() >= expected_s:
        raise DeadlineExceeded("The request did not arrive in time.")
    raise Overloaded(service.admission.retry_after_s())


def _outcomes(service: Service, uploads: Sequence[Upload], question: Question, deadline: Deadline) -> list[Outcome]:
    """Return what became of each upload, in their order."""
    networks = {name: model.classifier for name, model in question.models.items()}
    good = [upload.content for upload in uploads if upload.error is None]
    found = iter(service.road().classify(good, networks, question.resize, deadline))
    return [Outcome(upload, Opinion() if upload.error else next(found)) for upload in uploads]


def _one(outcome: Outcome, question: Question) -> dict[str, Any]:
    if outcome.error:
        raise outcome.error
    return reply(question, outcome.opinion, request_id())


def _batch(outcomes: Sequence[Outcome], question: Question) -> dict[str, Any]:
    entries = [
        {"file": outcome.upload.file}
        | (entry(told_of(outcome.error)) if outcome.error else reply(question, outcome.opinion, request_id()))
        for outcome in outcomes
    ]
    return {"predictions": entries, "request_id": request_id()}


def _note(service: Service, outcomes: Sequence[Outcome], noted: Record) -> None:
    """Keep what the log, the metrics and the next admission want to know."""
    for upload, opinion in outcomes:
        noted.images += 1
        noted.image_bytes += len(upload.content)
        noted.add(opinion)
        service.pace.note(opinion)
    noted.image_codes = [outcome.error.code for outcome in outcomes if outcome.error]


def _server_timing(noted: Record) -> str:
    parts = {
        "decode": sum(noted.decode_s),
        "queue": noted.queue_s or 0.0,
        "inference": sum(map(sum, noted.inference_s.values())),
    }
    return ", ".join(f"{name};dur={seconds * 1e3:.1f}" for name, seconds in parts.items())
