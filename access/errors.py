"""Why a caller is turned away. Only `web.errors` knows the statuses of these codes."""

from access.caller import Scope


class AccessError(Exception):
    """*code* is stable, `str(error)` is for the caller."""

    code = "unauthorized"


class Unauthorized(AccessError):
    """No credential, or a bad one. *bad_token*: a token was sent and is no good (RFC 6750's `invalid_token`)."""

    def __init__(self, detail: str, *, bad_token: bool = False) -> None:
        super().__init__(detail)
        self.bad_token = bad_token


class Forbidden(AccessError):
    """The credential is good and does not allow this."""

    code = "forbidden"

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This credential lacks the scope {scope.value}.")
        self.scope = scope


class NoTokenKeys(AccessError):
    """Tokens can't be judged at present: their issuer's keys were never had. The token may be good."""

    code = "not_ready"


class BadFile(Exception):
    """A file of keys can't be read or makes no sense; `str(error)` names it and why."""
