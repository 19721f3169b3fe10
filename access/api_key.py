"""An API key, as its holder has it (`<id>.<secret>`) and as the service keeps it: only a hash.

The hash is a plain SHA-256. The secret is 256 random bits, so there is nothing to guess that a slow hash would slow
down; and a pepper would lie in the same file as the hashes, for whoever reads those.
"""

import hashlib
import secrets
from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from access.caller import Scope

_ID_BYTES, _SECRET_BYTES = 6, 32

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class ApiKey(BaseModel):
    """One key of the file. *sha256*: of the whole key as its holder sends it, in hex."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]
    name: Name
    scopes: tuple[Scope, ...] = Field(min_length=1)
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    created: AwareDatetime
    expires: AwareDatetime | None = None

    def is_live(self, now: datetime) -> bool:
        """Say whether the key may be used at *now*."""
        return self.expires is None or now < self.expires


def digest(key: str) -> str:
    """Return what is kept of a key as its holder sends it."""
    return hashlib.sha256(key.encode()).hexdigest()


def new_key(name: str, scopes: tuple[Scope, ...], created: datetime, expires: datetime | None) -> tuple[str, ApiKey]:
    """Return a new key as its holder gets it, and as it is kept."""
    key_id = secrets.token_hex(_ID_BYTES)
    key = f"{key_id}.{secrets.token_urlsafe(_SECRET_BYTES)}"
    kept = ApiKey(id=key_id, name=name, scopes=scopes, sha256=digest(key), created=created, expires=expires)
    return key, kept
