"""The ways in: images and fields of a request, from a form, a raw body or JSON."""

import binascii
import json
import re
import string
from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import Any, NamedTuple, cast

from flask import request
from gunicorn.http.errors import ParseException
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from models.deadline import Deadline
from models.errors import DeadlineExceeded
from web.errors import RequestError
from web.request import MAX_FIELD_BYTES, MB, InMemoryRequest

FIELDS = ("model", "top", "resize")
_DATA_URL = re.compile(r"data:[\w.+/;=-]*;base64,", re.IGNORECASE)
_WHITESPACE = string.whitespace.encode()
_MOST_MARKS = 1000  # commas and brackets of JSON: each may become an object of Python's, and no question has more
_NO_FILE = "Send the image as a multipart/form-data part named file, as a raw body of type image/jpeg, or as JSON."


class Upload(NamedTuple):
    """An encoded image under the name that its sender gave it; *error* where it can't be taken."""

    file: str
    content: bytes
    error: RequestError | None = None


class Inputs(NamedTuple):
    """What was sent. *fields* holds the values of each of FIELDS that was given, in any case."""

    uploads: tuple[Upload, ...]
    fields: Mapping[str, Sequence[str]]


class UploadReader:
    """Reads the body of a request within limits."""

    def __init__(self, max_upload_bytes: int, max_files: int) -> None:
        self._max_bytes = max_upload_bytes
        self._max_files = max_files
        # As base64 a third longer; then line breaks, and what encoders escape (PHP each slash, .NET each plus).
        self._max_json_bytes = max_upload_bytes * 3 // 2 + MAX_FIELD_BYTES
        self._readers: dict[str, Callable[[], Inputs]] = {
            "multipart/form-data": self._form,
            "application/json": self._json,
        }

    def read(self, deadline: Deadline) -> Inputs:
        """Return what the request at hand brings; at least one upload.

        Raises: RequestError: the body is at fault.  DeadlineExceeded: it comes too slowly.
        """
        kind = request.mimetype
        if kind in ("", "application/x-www-form-urlencoded"):
            raise RequestError("missing_file", _NO_FILE)
        read = self._readers.get(kind) or (self._raw if kind.startswith("image/") else None)
        if read is None:
            raise RequestError("unsupported_media_type", f"A body of type {kind} is not taken. {_NO_FILE}")
        try:
            return read()
        except ParseException:  # Gunicorn meets a wrong chunk only when the body is read
            raise RequestError("malformed_body", "The chunks of the body can't be parsed.") from None
        except ClientDisconnected:  # Werkzeug's word for whatever went wrong while it read
            if deadline.remaining_s > 0:
                raise RequestError("malformed_body", "The body ended before its length.") from None
            raise DeadlineExceeded("The request did not arrive in time.") from None

    def _form(self) -> Inputs:
        try:
            files, form = request.files.getlist("file"), request.form
        except ValueError as error:
            raise RequestError("malformed_body", "The multipart body can't be parsed.") from error
        except RequestEntityTooLarge:  # also what ends a form of too many parts
            if (begun := cast(InMemoryRequest, request).files_begun) > self._max_files:
                raise self._too_many(begun) from None
            raise
        # A browser sends an empty nameless part where no file was chosen.
        sent = [(file.filename or "", content) for file in files if (content := _content(file)) or file.filename]
        if not sent:
            raise RequestError("missing_file", _NO_FILE)
        if len(sent) > self._max_files:
            raise self._too_many(len(sent))
        fields = {name: form.getlist(name) or request.args.getlist(name) for name in FIELDS}
        return Inputs(tuple(self._upload(name, content) for name, content in sent), fields)

    def _raw(self) -> Inputs:
        content = self._body(self._max_bytes)
        if not content:
            raise RequestError("missing_file", _NO_FILE)
        return Inputs((self._upload("", content),), {name: request.args.getlist(name) for name in FIELDS})

    def _json(self) -> Inputs:
        text = self._body(self._max_json_bytes)
        if sum(map(text.count, (b",", b"[", b"{"))) > _MOST_MARKS:
            raise RequestError("malformed_body", "The body is JSON of more members than a question has.")
        try:
            body = json.loads(text)
        except (ValueError, RecursionError):  # the latter: nested deeper than any question of ours
            raise RequestError("malformed_body", "The body is no JSON.") from None
        if not isinstance(body, dict):
            raise RequestError("malformed_body", "The body is JSON, and no object with a member image.")
        fields = {name: _texts(body.get(name)) or request.args.getlist(name) for name in FIELDS}
        return Inputs((self._upload("", self._decoded(body.get("image"))),), fields)

    def _body(self, most: int) -> bytes:
        """Return the whole body, of at most *most* bytes and MAX_REQUEST_MB."""
        # Werkzeug's limits are one byte above ours, because it cuts a chunked body at its limit without a word.
        request.max_content_length = min(most + 1, request.max_content_length or most + 1)
        body = request.get_data(cache=False)
        if len(body) >= request.max_content_length:
            raise RequestEntityTooLarge
        if len(body) < (request.content_length or 0):
            raise RequestError("malformed_body", "The body ended before its length.")
        return body

    def _decoded(self, image: Any) -> bytes:
        if image in (None, ""):
            raise RequestError("missing_file", 'Send {"image": "<base64, or a data: URL>"}.')
        if not isinstance(image, str):
            raise RequestError("malformed_body", "image is base64 text, or a data: URL.")
        if url := _DATA_URL.match(image):
            image = image[url.end() :]
        try:
            packed = image.encode("ascii").translate(None, _WHITESPACE)  # encoders break lines
            if len(packed) // 4 * 3 - 2 > self._max_bytes:
                raise self._too_large(len(packed) // 4 * 3)
            return binascii.a2b_base64(packed, strict_mode=True)
        except ValueError:  # binascii.Error, and text that is not ASCII
            raise RequestError("malformed_body", "image is not base64.") from None

    def _upload(self, name: str, content: bytes) -> Upload:
        if len(content) > self._max_bytes:
            return Upload(name, b"", self._too_large(len(content)))
        return Upload(name, content)

    def _too_many(self, count: int) -> RequestError:
        return RequestError("too_many_files", f"{count} files were sent; at most {self._max_files} are taken.")

    def _too_large(self, size: int) -> RequestError:
        most = self._max_bytes // MB
        return RequestError("upload_too_large", f"The image has {size:,} bytes; at most {most} MB are taken.")


def _content(file: FileStorage) -> bytes:
    """Return what a file holds without a copy, which `read` would make of it."""
    return cast(BytesIO, file.stream).getvalue()


def _texts(value: Any) -> list[str]:
    """Return a JSON member as a form would send it; nothing for null."""
    if value is None:
        return []
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]
