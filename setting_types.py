"""The types of settings that pydantic has not: how their text is read, and what is refused."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, SecretStr

_ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _split_lower(value: object) -> object:
    return _split(value.lower()) if isinstance(value, str) else value


def _origins(value: tuple[str, ...]) -> tuple[str, ...]:
    # Flask-CORS would read anything with *, ? or [ in it as a regular expression without anchors.
    if bad := [origin for origin in value if origin != "*" and not _ORIGIN.fullmatch(origin)]:
        raise ValueError(f"not an origin such as https://page.example: {', '.join(bad)}")
    return value


def _power_of_two(value: int) -> int:
    if value < 1 or value & (value - 1):
        raise ValueError("not a power of two (1, 2, 4, 8 ...)")
    return value


def _address(value: str) -> SplitResult | None:
    """Return the parts of a URL that names a host, or nothing."""
    try:
        parts = urlsplit(value)
        return parts if parts.hostname and parts.port != 0 else None  # reading the port judges it
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach *host*."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _jwks_url(value: str) -> str:
    parts = _address(value)
    if parts is None or parts.username is not None or parts.password is not None:
        raise ValueError("not an address such as https://issuer.example/jwks.json, without user and password")
    # Who can change the answer can sign tokens.
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
        raise ValueError("not https (http is taken for the loopback only)")
    return value


def _redis_url(value: SecretStr) -> SecretStr:
    parts = _address(value.get_secret_value())
    if parts is None or parts.scheme not in ("redis", "rediss"):
        raise ValueError("not an address such as redis://host:6379/0 or rediss://:password@host:6379/0")
    return value


def _rate_limit(value: str) -> str:
    from limits import parse_many  # where it is set only: 30 ms and 3 MB

    try:
        amounts = [limit.amount for limit in parse_many(value)]
    except ValueError:
        amounts = []
    if not amounts or min(amounts) < 1:
        raise ValueError("not a rate such as 60/minute, or several: 5/second;1000/day")
    return value


CommaList = Annotated[tuple[str, ...], BeforeValidator(_split)]
LowerCommaList = Annotated[tuple[str, ...], BeforeValidator(_split_lower)]
Origins = Annotated[CommaList, AfterValidator(_origins)]
PowerOfTwo = Annotated[int, AfterValidator(_power_of_two)]
JwksUrl = Annotated[str, AfterValidator(_jwks_url)]
RateLimit = Annotated[str, AfterValidator(_rate_limit)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]  # it may hold a password
