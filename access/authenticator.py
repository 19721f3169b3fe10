"""Who calls? One question for every kind of credential."""

from typing import Protocol

from access.caller import Caller
from access.errors import Unauthorized


class Verifier(Protocol):
    """Knows one kind of credential."""

    def caller(self, given: str) -> Caller:
        """Return whose the credential *given* is.  Raises: AccessError."""
        ...


class Authenticator:
    """Says who calls, by an API key or by a token; *keys* or *tokens* is None where that kind is not taken."""

    def __init__(self, keys: Verifier | None = None, tokens: Verifier | None = None) -> None:
        self._keys = keys
        self._tokens = tokens

    @property
    def takes_keys(self) -> bool:
        """Say whether API keys are taken."""
        return self._keys is not None

    @property
    def takes_tokens(self) -> bool:
        """Say whether tokens are taken."""
        return self._tokens is not None

    def caller(self, api_key: str, authorization: str) -> Caller:
        """Return who sends these headers (empty: not sent).  Raises: AccessError."""
        scheme, _, token = authorization.partition(" ")
        has_token = scheme.lower() == "bearer" and self._tokens is not None
        if self._keys is not None and api_key:
            if has_token:  # two answers to who calls would invite taking the weaker
                raise Unauthorized("Send an API key or a token, not both.")
            return self._keys.caller(api_key)
        if self._tokens is not None and has_token:
            return self._tokens.caller(token.strip())
        raise Unauthorized(f"Send {' or '.join(self._ways())}.")

    def _ways(self) -> list[str]:
        keys = ["an API key in the header X-API-Key"] if self.takes_keys else []
        return keys + (["a token as Authorization: Bearer"] if self.takes_tokens else [])
