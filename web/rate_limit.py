"""How often one caller may ask for inferences. Imported only where RATE_LIMIT is set."""

import ipaddress
import math
import time
from typing import Any, NamedTuple

from flask import Flask, Response, request
from flask_limiter import Limiter, RateLimitExceeded
from limits import parse_many
from limits.errors import StorageError

from access.caller import Scope
from web.auth import caller, needed_scope
from web.errors import problem

_TIMEOUT_S = 0.2  # of Redis; a limit is not worth more of a caller's time
_SUBSCRIBER_BITS = 64  # of an IPv6 address; the rest is the caller's own choice
_LARGE = 1000  # a moving window keeps the time of each request; beyond this many an estimate is right enough


class Rate(NamedTuple):
    """*limit*: as `60/minute`. *redis_url*: where all workers count together; empty: each counts for itself."""

    limit: str
    redis_url: str


def register_rate_limit(app: Flask, rate: Rate) -> None:
    """Answer 429 to who asks too often. Where Redis fails, each worker counts for itself until it is back."""
    large = any(limit.amount > _LARGE for limit in parse_many(rate.limit))
    limiter = Limiter(
        _principal,
        app=app,
        application_limits=[rate.limit],  # one count for all that is limited, whatever the address under /v1
        application_limits_exempt_when=lambda: not _is_limited(),
        strategy="sliding-window-counter" if large else "moving-window",
        storage_uri=rate.redis_url or "memory://",
        storage_options=_redis_options() if rate.redis_url else {},
        in_memory_fallback_enabled=bool(rate.redis_url),
        swallow_errors=True,  # who may call is not for a counter to decide
    )

    @app.errorhandler(RateLimitExceeded)
    def too_often(error: RateLimitExceeded) -> Response:
        seconds = _seconds_until_room(limiter)
        allowed = f"{error.limit.limit.amount} each {error.limit.limit.get_expiry()} s"
        response = problem("rate_limited", f"At most {allowed} are answered. Come again after {seconds} seconds.")
        response.headers["Retry-After"] = str(seconds)
        return response


def _is_limited() -> bool:
    """Say whether it asks for work; looking at a job or cancelling it does not."""
    scope = needed_scope()
    return scope is Scope.PREDICT or (scope is Scope.JOBS and request.method == "POST")


def _principal() -> str:
    known = caller()
    return known.principal if known else f"address:{_subscriber(request.remote_addr or '')}"


def _subscriber(address: str) -> str:
    """Return what one who calls from *address* can't change at will: of IPv6 the network, never a port."""
    has_port = address.count(":") == 1 or "]:" in address  # some proxies add it
    host = address.rpartition(":")[0] if has_port else address
    try:
        found = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address) or found.ipv4_mapped:
        return str(getattr(found, "ipv4_mapped", found))
    return str(ipaddress.IPv6Network((int(found), _SUBSCRIBER_BITS), strict=False))


def _seconds_until_room(limiter: Limiter) -> int:
    breached = limiter.current_limit
    if breached is None:
        return 1
    try:
        reset_at = breached.window.reset_time
    except StorageError:  # Redis has gone between the two questions
        return breached.limit.get_expiry()
    return max(1, math.ceil(reset_at - time.time()))


def _redis_options() -> dict[str, Any]:
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {
        "socket_connect_timeout": _TIMEOUT_S,
        "socket_timeout": _TIMEOUT_S,
        "retry": Retry(NoBackoff(), 0),  # the next request tries again
        "wrap_exceptions": True,
        "key_prefix": "triptych",
    }
