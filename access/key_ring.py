"""The keys that may be used now: those of the file, which is read again when it changes."""

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from access.api_key import ApiKey, digest
from access.caller import Caller, Kind
from access.errors import NoKeys, Unauthorized
from access.key_file import parse_keys
from access.watched_file import WatchedFile

_NOBODYS = "0" * 64  # compared with where the id is unknown, so that an unknown id takes as long as a wrong secret


def _now() -> datetime:
    return datetime.now(UTC)


class KeyRing:
    """Says whose an API key is."""

    def __init__(self, path: Path, now: Callable[[], datetime] = _now) -> None:
        self.file: WatchedFile[dict[str, ApiKey] | None] = WatchedFile(path, parse_keys, None)
        self._now = now

    def caller(self, given: str) -> Caller:
        """Return who sent the key *given*.  Raises: Unauthorized; NoKeys: the file never made sense."""
        keys = self.file.current()
        if keys is None:
            raise NoKeys
        found = keys.get(given.partition(".")[0])
        matches = hmac.compare_digest(digest(given), found.sha256 if found else _NOBODYS)
        if found is None or not matches or not found.is_live(self._now()):
            raise Unauthorized("The API key is unknown, wrong, revoked or expired.")
        return Caller(found.id, Kind.KEY, frozenset(found.scopes))
