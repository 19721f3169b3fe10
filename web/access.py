"""Who may call, from where and how often: all that stands between a connection and the views."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Flask
from flask_cors import CORS
from werkzeug.middleware.proxy_fix import ProxyFix

from access.authenticator import Authenticator
from web.auth import register_auth

_ALLOWED = ["X-API-Key", "Authorization", "Content-Type", "X-Request-ID", "Idempotency-Key"]
_EXPOSED = ["Server-Timing", "X-Request-ID", "Retry-After", "WWW-Authenticate", "Location"]


@dataclass(frozen=True, slots=True)
class Access:
    """*authenticator*: None: anyone may call. *has_keys*: whether each file that it needs was read, now or before.

    *rate_limit*: empty: as often as they like. *redis_url*: where rates are counted; empty: in each worker.
    *trusted_proxies*: how many add to X-Forwarded-For.
    """

    authenticator: Authenticator | None = None
    has_keys: Callable[[], bool] = lambda: True
    rate_limit: str = ""
    redis_url: str = ""
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: int = 0

    @property
    def credentials(self) -> tuple[str, ...]:
        """Return the headers of which one is needed; none: anyone may call."""
        asked = self.authenticator
        taken = {"X-API-Key": asked and asked.takes_keys, "Authorization": asked and asked.takes_tokens}
        return tuple(header for header, is_taken in taken.items() if is_taken)


ANYONE = Access()


def register_access(app: Flask, access: Access) -> None:
    """Put it all in front of the views, in the order of the questions: from where, who, how often."""
    if hops := access.trusted_proxies:
        # Not the host: nothing of ours depends on it, and not every proxy overwrites what a caller sent.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    if access.cors_origins:
        CORS(app, origins=list(access.cors_origins), allow_headers=_ALLOWED, expose_headers=_EXPOSED)
    if access.authenticator:
        register_auth(app, access.authenticator)
    if access.rate_limit:
        from web.rate_limit import Rate, register_rate_limit

        register_rate_limit(app, Rate(access.rate_limit, access.redis_url))
