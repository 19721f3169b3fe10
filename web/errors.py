"""THE table: every error code with its HTTP status and its sentence. The only module that knows both.

Typed errors rise from `preprocessing`, `models` and the views with a stable `code`; one handler turns them into
`application/problem+json` (RFC 9457), so that a 404 and a corrupt photo have the same shape.
"""

from typing import Any, NamedTuple

from flask import Flask, Response, json, request
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from jobs.errors import JobError
from models.told import Told, told
from web.record import record
from web.request import request_id

OVERLOADED = "More requests are waiting than can be answered soon. Come again after Retry-After seconds."
RETRY_AFTER_S = 5  # for a model that is still loading; loading the three takes about 3 s


class Problem(NamedTuple):
    """How one code is answered. *error* is the contract's sentence."""

    status: int
    error: str


PROBLEMS: dict[str, Problem] = {
    "missing_file": Problem(400, "No file uploaded"),
    "invalid_model": Problem(400, "Invalid model"),
    "invalid_top": Problem(400, "Invalid top"),
    "invalid_resize": Problem(400, "Invalid resize"),
    "malformed_body": Problem(400, "Malformed request body"),
    "invalid_idempotency_key": Problem(400, "Invalid Idempotency-Key"),
    "unauthorized": Problem(401, "Unauthorized"),
    "forbidden": Problem(403, "Forbidden"),
    "not_found": Problem(404, "Not found"),
    "jobs_disabled": Problem(404, "Jobs are disabled"),
    "method_not_allowed": Problem(405, "Method not allowed"),
    "idempotency_conflict": Problem(409, "Idempotency conflict"),
    "expired": Problem(410, "Expired"),
    "upload_too_large": Problem(413, "Upload too large"),
    "too_many_files": Problem(413, "Too many files"),
    "unsupported_media_type": Problem(415, "Unsupported media type"),
    "unsupported_format": Problem(415, "Unsupported image format"),
    "corrupt_image": Problem(422, "Corrupt image"),
    "truncated_image": Problem(422, "Truncated image"),
    "too_many_pixels": Problem(422, "Too many pixels"),
    "caller_gone": Problem(499, "Caller gone"),  # nginx's number; nobody reads it but the log
    "rate_limited": Problem(429, "Too many requests"),
    "internal_error": Problem(500, "Internal error"),
    "not_ready": Problem(503, "Not ready"),
    "overloaded": Problem(503, "Overloaded"),
    "weights_missing": Problem(503, "Weights missing"),
    "deadline_exceeded": Problem(504, "Deadline exceeded"),
}

_CODE_OF_STATUS = {404: "not_found", 405: "method_not_allowed", 413: "upload_too_large", 415: "unsupported_media_type"}
_PASSED_ON = ("Allow", "WWW-Authenticate", "Retry-After")


class RequestError(Exception):
    """The request is at fault. *code* is one of the table's, *detail* says how, in words for the caller."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class Overloaded(RequestError):
    """There is no time left for this request; after *retry_after_s* there will be."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("overloaded", OVERLOADED)
        self.retry_after_s = retry_after_s


def entry(what: Told) -> dict[str, Any]:
    """Return it as one image's part of an answer for several."""
    status, error = PROBLEMS[what.code]
    return {"error": error, "code": what.code, "status": status, "detail": what.detail}


def told_of(error: Exception) -> Told:
    """Return what the sender of the request at hand is told."""
    if isinstance(error, RequestError | JobError):
        return Told(error.code, str(error))
    return told(error, request_id())


def problem_body(code: str, detail: str, path: str, request_id: str) -> dict[str, Any]:
    """Return the members that every problem has."""
    status, error = PROBLEMS[code]
    return {
        "type": f"urn:triptych:problem:{code}",
        "title": HTTP_STATUS_CODES.get(status, error),  # Python's own names depend on its version
        "status": status,
        "detail": detail,
        "instance": path,
        "error": error,
        "code": code,
        "request_id": request_id,
    }


def problem(code: str, detail: str, **extra: Any) -> Response:
    """Return the answer for *code* as problem+json; *extra* members follow the standard ones."""
    record().code = code
    body = problem_body(code, detail, request.path, request_id()) | extra
    response = Response(json.dumps(body) + "\n", PROBLEMS[code].status, content_type="application/problem+json")
    if code == "not_ready":
        response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


def register_errors(app: Flask) -> None:
    """Give every failure of a request its one shape."""

    @app.errorhandler(Exception)
    def any_other(error: Exception) -> Response:
        response = problem(*told_of(error))
        if isinstance(error, Overloaded | JobError) and error.retry_after_s is not None:
            response.headers["Retry-After"] = str(error.retry_after_s)
        return response

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:
        status = error.code or 500
        code = _CODE_OF_STATUS.get(status, "malformed_body" if status < 500 else "internal_error")
        response = problem(code, error.description or "")
        for name, value in error.get_headers():
            if name in _PASSED_ON:
                response.headers[name] = value
        return response
