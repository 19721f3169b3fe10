"""POST /jobs, GET and DELETE /jobs/<id>: the inputs of /predict, answered later."""

import re

from flask import Blueprint, Response, jsonify, request

from jobs.errors import UnknownJob
from jobs.job import ID_DIGITS, Asked, Job, NewJob, Result
from web.auth import caller
from web.errors import RequestError
from web.job_answers import job_answer
from web.job_desk import JobDesk
from web.record import record
from web.request import request_deadline, request_id
from web.service import current_service
from web.uploads import Inputs

blueprint = Blueprint("jobs", __name__)

_ID = re.compile(f"[0-9a-f]{{{ID_DIGITS}}}")
_KEY = re.compile(r"[!-~]{1,255}")
_LONGEST_NAME = 255  # of a file, in a job; as file systems have it
_LOOK_AGAIN_S = 1  # Retry-After of a job that has not ended


@blueprint.post("/jobs")
def submit() -> Response:
    """Keep the images as a job, and answer 202 once Redis has them."""
    service, desk = current_service(), _desk()
    key = _idempotency_key()
    inputs = desk.reader.read(request_deadline(service.deadline_s))
    if len(inputs.uploads) == 1 and inputs.uploads[0].error:
        raise inputs.uploads[0].error
    question = service.asker.question(inputs.fields)
    asked = Asked(tuple(question.models), question.is_compared, question.top, question.resize)
    _note(inputs)
    made = desk.ledger().submit(_new_job(inputs, asked, key))
    response = _answer(made.job, is_durable=made.is_durable)
    response.status_code = 202
    response.headers["Location"] = f"{request.script_root}{request.path.rstrip('/')}/{made.id}"
    return response


@blueprint.get("/jobs/<job_id>")
def job(job_id: str) -> Response:
    """Answer with a job as it stands, and its results as far as they are."""
    return _answer(_desk().ledger().job(_id(job_id), _owner()))


@blueprint.delete("/jobs/<job_id>")
def cancel(job_id: str) -> Response:
    """End a job; one that has ended stays as it is."""
    return _answer(_desk().ledger().cancel(_id(job_id), _owner()))


def _answer(found: Job, *, is_durable: bool | None = None) -> Response:
    response = jsonify(job_answer(found, request_id(), is_durable=is_durable))
    if not found.state.is_final:
        response.headers["Retry-After"] = str(_LOOK_AGAIN_S)
    return response


def _desk() -> JobDesk:
    desk = current_service().jobs
    if desk is None:
        raise RequestError("jobs_disabled", "This service has no store for jobs. Send the images to /predict.")
    return desk


def _id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise UnknownJob
    return text


def _owner() -> str:
    known = caller()
    return known.principal if known else ""


def _idempotency_key() -> str:
    given = request.headers.get("Idempotency-Key")
    if given is not None and not _KEY.fullmatch(given):
        raise RequestError("invalid_idempotency_key", "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return given or ""


def _new_job(inputs: Inputs, asked: Asked, key: str) -> NewJob:
    uploads = inputs.uploads
    failed = {
        index: Result(code=upload.error.code, detail=str(upload.error))
        for index, upload in enumerate(uploads)
        if upload.error
    }
    return NewJob(
        owner=_owner(),
        asked=asked,
        files=tuple(upload.file[:_LONGEST_NAME] for upload in uploads),
        images=[upload.content for upload in uploads],
        results=failed,
        request_id=request_id(),
        idempotency_key=key,
    )


def _note(inputs: Inputs) -> None:
    noted = record()
    noted.images = len(inputs.uploads)
    noted.image_bytes = sum(len(upload.content) for upload in inputs.uploads)
