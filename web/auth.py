"""Who calls, before anything else is done for them: no body read, nothing counted."""

from flask import Flask, Response, g, request

from access.authenticator import Authenticator
from access.caller import Caller, Scope
from access.errors import AccessError, Forbidden, NoKeys, Unauthorized
from web.errors import problem
from web.record import record

_REALM = 'realm="triptych"'
_SCOPES = {"predict": Scope.PREDICT, "jobs": Scope.JOBS, "metrics": Scope.METRICS}
_OPEN = frozenset({"health", "models", "docs", "page"})  # probes have no credential; the others tell no secret


def needed_scope() -> Scope | None:
    """Return what the request at hand needs; None where anyone may ask. A blueprint that is not listed is not open."""
    if request.endpoint is None or request.method == "OPTIONS":  # 404, 405; a browser's preflight has no credential
        return None
    name = (request.blueprint or "").removeprefix("v1_")
    return None if name in _OPEN else _SCOPES.get(name, Scope.PREDICT)


def caller() -> Caller | None:
    """Return who sent the request at hand, where that was asked."""
    found: Caller | None = g.get("caller")
    return found


def register_auth(app: Flask, authenticator: Authenticator) -> None:
    """Let nobody in without a good credential. To be registered before what counts by caller."""

    @app.before_request
    def authenticate() -> None:
        needed = needed_scope()
        if needed is None:
            return
        g.caller = authenticator.caller(request.headers.get("X-API-Key", ""), request.headers.get("Authorization", ""))
        record().caller = g.caller.principal
        if needed not in g.caller.scopes:
            raise Forbidden(needed)

    @app.errorhandler(AccessError)
    def turned_away(error: AccessError) -> Response:
        response = problem(error.code, str(error))
        if isinstance(error, NoKeys):
            response.headers["Retry-After"] = str(error.retry_after_s)
        if isinstance(error, Unauthorized | Forbidden):
            for challenge in _challenges(authenticator, error):
                response.headers.add("WWW-Authenticate", challenge)
        return response


def _challenges(authenticator: Authenticator, error: Unauthorized | Forbidden) -> list[str]:
    """Return one challenge for each kind of credential that is taken (RFC 9110, RFC 6750)."""
    said = ""
    if isinstance(error, Forbidden):
        said = f', error="insufficient_scope", scope="{error.scope.value}"'
    elif error.bad_token:
        said = f', error="invalid_token", error_description="{error}"'
    keys = [f"ApiKey {_REALM}"] if authenticator.takes_keys else []
    return keys + ([f"Bearer {_REALM}{said}"] if authenticator.takes_tokens else [])
