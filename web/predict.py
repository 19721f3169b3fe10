"""POST /predict: images in any of the ways in, one model or several."""

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response, jsonify

from models.deadline import Deadline
from models.errors import ModelError
from models.road import Opinion
from preprocessing.errors import ImageError
from web.answers import answer
from web.errors import Overloaded, RequestError, told
from web.question import Question
from web.record import record
from web.request import request_deadline, request_id
from web.service import Service, current_service
from web.uploads import Upload

blueprint = Blueprint("predict", __name__)

Outcome = Opinion | RequestError | ImageError | ModelError


@blueprint.post("/predict")
def predict() -> Response:
    """Answer with the likeliest labels of each uploaded image."""
    service = current_service()
    deadline = request_deadline(service.deadline_s)
    inputs = service.reader.read(deadline)
    question = service.asker.question(inputs.fields)
    _admit(service, question, deadline)
    outcomes = _outcomes(service, inputs.uploads, question, deadline)
    _note(service, inputs.uploads, outcomes)
    opinions = [outcome for outcome in outcomes if isinstance(outcome, Opinion)]
    response = jsonify(_batch(inputs.uploads, outcomes, question) if len(outcomes) > 1 else _one(outcomes[0], question))
    response.headers["Server-Timing"] = _server_timing(opinions)
    return response


def _admit(service: Service, question: Question, deadline: Deadline) -> None:
    """Refuse at once what can't end in time.  Raises: Overloaded."""
    # Never for more than half of the time there is: else one slow moment would refuse all that could correct it.
    expected_s = min(service.pace.expected_s(question.models), service.deadline_s / 2)
    if deadline.remaining_s < expected_s:
        raise Overloaded(service.admission.retry_after_s())


def _outcomes(service: Service, uploads: Iterable[Upload], question: Question, deadline: Deadline) -> list[Outcome]:
    """Return what became of each upload, in their order."""
    networks = {name: model.classifier for name, model in question.models.items()}
    good = [upload.content for upload in uploads if upload.error is None]
    found = iter(service.road().classify(good, networks, question.resize, deadline))
    return [upload.error or next(found) for upload in uploads]


def _one(outcome: Outcome, question: Question) -> dict[str, Any]:
    if isinstance(outcome, Opinion):
        return answer(question, outcome)
    raise outcome


def _batch(uploads: Iterable[Upload], outcomes: Iterable[Outcome], question: Question) -> dict[str, Any]:
    entries = [
        {"file": upload.file} | (answer(question, outcome) if isinstance(outcome, Opinion) else told(outcome).entry())
        for upload, outcome in zip(uploads, outcomes, strict=True)
    ]
    return {"predictions": entries, "request_id": request_id()}


def _note(service: Service, uploads: Iterable[Upload], outcomes: Iterable[Outcome]) -> None:
    """Keep what the log, the metrics and the next admission want to know."""
    noted = record()
    for upload, outcome in zip(uploads, outcomes, strict=True):
        noted.images += 1
        noted.image_bytes += len(upload.content)
        if isinstance(outcome, Opinion):
            service.pace.note(outcome)
            noted.add(outcome)


def _server_timing(opinions: Iterable[Opinion]) -> str:
    parts = {"decode": 0.0, "queue": 0.0, "inference": 0.0}
    for opinion in opinions:
        parts["decode"] += opinion.decode_s
        parts["queue"] += opinion.queue_s
        parts["inference"] += sum(opinion.inference_s.values())
    return ", ".join(f"{name};dur={seconds * 1e3:.1f}" for name, seconds in parts.items())
