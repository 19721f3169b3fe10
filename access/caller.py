"""Who calls, once a credential has said so."""

from enum import StrEnum
from typing import NamedTuple


class Scope(StrEnum):
    """What a credential may be used for."""

    PREDICT = "predict"
    JOBS = "jobs"
    METRICS = "metrics"


class Kind(StrEnum):
    """What a caller's id is an id of."""

    KEY = "key"
    TOKEN = "token"  # noqa: S105  # a word, not a secret


class Caller(NamedTuple):
    """*id*: of the API key, or the token's subject; never a secret."""

    id: str
    kind: Kind
    scopes: frozenset[Scope]

    @property
    def principal(self) -> str:
        """Return a name that no caller of another kind can have: a token's subject may look like a key's id."""
        return f"{self.kind.value}:{self.id}"
