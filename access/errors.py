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


class NoKeys(AccessError):
    """Credentials can't be judged at present: what they are checked with was never had. They may be good.

    *retry_after_s*: after so many seconds it is asked for again.
    """

    code = "not_ready"

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__("The keys that credentials are checked with can't be had at present.")
        self.retry_after_s = retry_after_s


class BadFile(Exception):
    """A file of keys can't be read or makes no sense; `str(error)` names it and why."""
