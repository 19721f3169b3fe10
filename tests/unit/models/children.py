"""Functions that test_engines runs in a child process."""

import os
import sys

from models.child import Step


def add(step: Step, a: int, b: int) -> int:
    step("adding")
    return a + b


def die(step: Step) -> None:
    step("one")
    print("its last words", file=sys.stderr, flush=True)
    os._exit(7)
