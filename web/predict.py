"""POST /predict: one multipart file, one model."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, jsonify, request

from models.classifier import Classification
from models.served import ServedModel
from preprocessing.sniff import FORMATS, sniff
from preprocessing.spec import Resize
from web.errors import RequestError
from web.record import record
from web.request import MB, request_id
from web.service import Service, current_service

blueprint = Blueprint("predict", __name__)

DEFAULT_TOP, MAX_TOP = 3, 10


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks."""

    upload: bytes
    model: str
    top: int
    resize: Resize


@blueprint.post("/predict")
def predict() -> Response:
    """Answer with the likeliest labels of the uploaded image."""
    service = current_service()
    question = _question(service)
    model = service.registry.get(question.model)
    found = model.classifier.classify(question.upload, question.top, question.resize)
    _note(question, found)
    response = jsonify(answer(question.model, model, found))
    response.headers["Server-Timing"] = _server_timing(found)
    return response


def _note(question: Question, found: Classification) -> None:
    seen = record()
    seen.images, seen.image_bytes = 1, len(question.upload)
    seen.formats.append(sniff(question.upload, FORMATS))
    seen.decode_s, seen.queue_s = found.decode_s, found.queue_s
    seen.inference_s[question.model] = found.inference_s


def answer(name: str, model: ServedModel, found: Classification) -> dict[str, Any]:
    """Return the contract's JSON for one image and one model."""
    return {
        "results": [{"class": p.name, "prob": round(p.prob, 6), "id": p.id} for p in found.predictions],
        "model": name,
        "version": model.version,
        "precision": model.precision.value,
        "weights": model.weights.value,
        "request_id": request_id(),
    }


def _question(service: Service) -> Question:
    upload = _uploaded_file(service.max_upload_bytes)
    return Question(
        upload=upload,
        model=_field("model", service.default_model).lower(),
        top=_top(_field("top", str(DEFAULT_TOP))),
        resize=_resize(_field("resize", service.default_resize.value)),
    )


def _uploaded_file(max_bytes: int) -> bytes:
    kind = request.mimetype
    if kind not in ("", "multipart/form-data", "application/x-www-form-urlencoded"):
        raise RequestError("unsupported_media_type", f"Send multipart/form-data with a part named file, not {kind}.")
    try:
        files = request.files.getlist("file") if kind == "multipart/form-data" else []
    except ValueError as error:
        raise RequestError("malformed_body", "The multipart body can't be parsed.") from error
    if len(files) > 1:
        raise RequestError("too_many_files", f"{len(files)} files were sent; this version takes one a request.")
    upload = files[0].read() if files else b""
    if not files or not (upload or files[0].filename):  # a browser sends an empty nameless part for no choice
        raise RequestError("missing_file", "Send the image as a multipart/form-data part named file.")
    if len(upload) > max_bytes:
        raise RequestError(
            "upload_too_large", f"The file has {len(upload):,} bytes; at most {max_bytes // MB} MB are taken."
        )
    return upload


def _field(name: str, default: str) -> str:
    """Return a text field of the form, else of the query; an empty one counts as absent."""
    return request.form.get(name) or request.args.get(name) or default


def _top(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= MAX_TOP):
        raise RequestError("invalid_top", f"top is a whole number from 1 to {MAX_TOP}.")
    return int(text)


def _resize(text: str) -> Resize:
    try:
        return Resize(text.lower())
    except ValueError:
        raise RequestError("invalid_resize", f"resize is one of {', '.join(r.value for r in Resize)}.") from None


def _server_timing(found: Classification) -> str:
    parts = (("decode", found.decode_s), ("queue", found.queue_s), ("inference", found.inference_s))
    return ", ".join(f"{name};dur={seconds * 1e3:.1f}" for name, seconds in parts)
