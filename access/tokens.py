"""JSON Web Tokens: whose they are, once signature and claims are right. Imported only where tokens are taken."""

import base64
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt

from access.caller import Caller, Kind, Scope
from access.errors import Unauthorized

_REQUIRED = ["exp", "iat", "iss", "aud", "sub"]
_WHY: dict[type[jwt.PyJWTError], str] = {  # found out only after the signature was right
    jwt.ExpiredSignatureError: "The token has expired.",
    jwt.ImmatureSignatureError: "The token is not valid yet.",
    jwt.InvalidAudienceError: "The token is meant for another audience.",
    jwt.InvalidIssuerError: "The token is another issuer's.",
    jwt.MissingRequiredClaimError: f"The token lacks one of the claims {', '.join(_REQUIRED)}.",
}

FindKey = Callable[[str], jwt.PyJWK | None]


class Claims(NamedTuple):
    """What a token must say of itself. *leeway_s*: how far the issuer's clock may be from ours."""

    issuer: str
    audience: str
    leeway_s: int


def shared_secret(secret: str) -> FindKey:
    """Return the finder of the one key of HS256, whatever a token calls it."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    key = jwt.PyJWK({"kty": "oct", "k": encoded, "alg": "HS256"})
    return lambda kid: key


class TokenVerifier:
    """Says whose a token is. The key decides the algorithm; what the token says of it must agree (RFC 8725)."""

    def __init__(self, find_key: FindKey, claims: Claims) -> None:
        self._find_key = find_key
        self._claims = claims

    def caller(self, token: str) -> Caller:
        """Return whose *token* is.  Raises: Unauthorized, NoKeys."""
        try:
            key = self._find_key(jwt.get_unverified_header(token).get("kid", ""))
            if key is None:
                raise Unauthorized("The token is signed with an unknown key.", bad_token=True)
            said = self._decode(token, key)
        except jwt.PyJWTError as error:
            raise Unauthorized(_WHY.get(type(error), "The token is not valid."), bad_token=True) from error
        if not said["sub"]:
            raise Unauthorized("The token has an empty subject.", bad_token=True)
        return Caller(said["sub"], Kind.TOKEN, _scopes(said))

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        issuer, audience, leeway_s = self._claims
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=issuer,
            audience=audience,
            leeway=leeway_s,
            options={"require": _REQUIRED, "enforce_minimum_key_length": True},
        )


def _scopes(said: dict[str, Any]) -> frozenset[Scope]:
    """Return those of our scopes that a token names, in `scope` (RFC 8693) or in `scp`, as words or as a list."""
    given = said.get("scope", said.get("scp", ""))
    words = given.split() if isinstance(given, str) else given if isinstance(given, list) else []
    return frozenset(scope for scope in Scope if scope.value in words)
