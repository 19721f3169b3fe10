"""Functions that test_engines runs in a child process."""

import os
import sys
from collections.abc import Callable


def add(step: Callable[[str], None], a: int, b: int) -> int:
    step("adding")
    return a + b


def die(step: Callable[[str], None]) -> None:
    step("one")
    print("its last words", file=sys.stderr, flush=True)
    os._exit(7)
