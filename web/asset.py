"""A file that a page is made of: read once, compressed once, answered whole or not at all."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path

from flask import Response, request

_CONDITIONS = ("REQUEST_METHOD", "HTTP_IF_NONE_MATCH")  # those that are answered; no ranges
_MOST_WORTH = 0.95  # of its bytes: what gzip makes hardly smaller is sent as it is


@dataclass(frozen=True, slots=True)
class Asset:
    """Its bytes, as they are and compressed (None: not worth it), its media type and the SHA-256 of its bytes."""

    plain: bytes
    gzipped: bytes | None
    kind: str
    digest: str

    @classmethod
    def of(cls, plain: bytes, kind: str) -> "Asset":
        """Return the asset with those bytes."""
        gzipped = gzip.compress(plain, mtime=0)
        worth = len(gzipped) < _MOST_WORTH * len(plain)
        return cls(plain, gzipped if worth else None, kind, hashlib.sha256(plain).hexdigest())

    @classmethod
    def read(cls, path: Path, kind: str) -> "Asset":
        """Return the asset that lies in a file."""
        return cls.of(path.read_bytes(), kind)

    def answer(self, cache_control: str) -> Response:
        """Answer the request at hand with it, compressed where the caller can read that, or that the caller has it."""
        takes_gzip = request.accept_encodings.quality("gzip") > 0
        response = Response(self.gzipped if self.gzipped and takes_gzip else self.plain, mimetype=self.kind)
        if self.gzipped:
            response.vary.add("Accept-Encoding")
            if takes_gzip:
                response.content_encoding = "gzip"
        response.set_etag(self.digest[:32], weak=True)  # the same for both: they say the same
        response.headers["Cache-Control"] = cache_control
        asked = {name: request.environ[name] for name in _CONDITIONS if name in request.environ}
        response.make_conditional(asked)
        return response
