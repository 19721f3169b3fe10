"""The types of settings that pydantic has not: how their text is read, and what is refused."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

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


CommaList = Annotated[tuple[str, ...], BeforeValidator(_split)]
LowerCommaList = Annotated[tuple[str, ...], BeforeValidator(_split_lower)]
Origins = Annotated[CommaList, AfterValidator(_origins)]
PowerOfTwo = Annotated[int, AfterValidator(_power_of_two)]
