"""The request as we read it: nothing spooled to disk, parse errors not swallowed, every request with an id."""

import io
import re
import time
import uuid
from typing import IO

from flask import Request, g, request
from werkzeug.formparser import FormDataParser

from models.deadline import Deadline
from web.connection import Connection

MB = 1 << 20
# All text fields of a form together; ours are a few letters. Werkzeug 3.1.9 holds its parse buffer to the same limit,
# and that takes 64 KiB at a time and a rest: at 64 KiB and below it refuses ordinary files.
MAX_FIELD_BYTES = 128 << 10
MAX_PARTS = 1000  # files and fields of a form; more than a few files are refused by their own code

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")  # what we take over from a caller or a proxy


class InMemoryRequest(Request):
    """A Flask request whose uploads stay in memory."""

    max_form_memory_size = MAX_FIELD_BYTES
    max_form_parts = MAX_PARTS
    files_begun = 0

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        self.files_begun += 1
        # Werkzeug spools parts over 500 kB to a temporary file; MAX_CONTENT_LENGTH bounds ours in memory instead.
        return io.BytesIO()

    def make_form_data_parser(self) -> FormDataParser:
        """As Werkzeug's, but a malformed body raises ValueError instead of passing as an empty form."""
        parser = super().make_form_data_parser()
        parser.silent = False
        return parser


def request_deadline(deadline_s: float) -> Deadline:
    """Return until when the request at hand wants its answer: *deadline_s* after it began to wait for a worker."""
    connection = request.environ.get("gunicorn.socket")
    if isinstance(connection, Connection):
        return Deadline(connection.ends_at, connection.has_left)
    return Deadline(time.monotonic() + deadline_s)


def request_waited_s() -> float:
    """Return how long the request at hand has waited for a worker, seconds."""
    connection = request.environ.get("gunicorn.socket")
    return connection.waited_s if isinstance(connection, Connection) else 0.0


def new_request_id() -> str:
    """Return an id of our own."""
    return uuid.uuid4().hex


def request_id() -> str:
    """Return this request's id: the caller's X-Request-ID where it is well formed, else a new one."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if REQUEST_ID.fullmatch(given) else new_request_id()
    return str(g.request_id)
