"""One hostile file, and what may become of it."""

import random
from collections.abc import Iterator
from typing import NamedTuple

OK, CORRUPT, TRUNCATED, PIXELS, FORMAT = (
    "ok", "corrupt_image", "truncated_image", "too_many_pixels", "unsupported_format",
)  # fmt: skip
BROKEN = (CORRUPT, TRUNCATED)
ANY = (OK, CORRUPT, TRUNCATED, PIXELS, FORMAT)  # damaged at random: refused or, where it did not matter, read


class HostileFile(NamedTuple):
    """*outcomes*: OK or codes of the problem table; one of them is the answer."""

    name: str
    content: bytes
    outcomes: tuple[str, ...]


def cut(name: str, content: bytes, ends: list[int]) -> Iterator[HostileFile]:
    """The first bytes of a good file, as far as each of *ends*."""
    for end in ends:
        yield HostileFile(f"{name} cut at {end}", content[:end], (TRUNCATED,))


def flipped(name: str, content: bytes, count: int) -> Iterator[HostileFile]:
    """*count* copies, each with one to eight bits flipped behind its magic."""
    chance = random.Random(name)
    for number in range(count):
        damaged = bytearray(content)
        for _ in range(1 << (number % 4)):
            damaged[chance.randrange(8, len(damaged))] ^= 1 << chance.randrange(8)
        yield HostileFile(f"{name} with flipped bits {number}", bytes(damaged), ANY)
