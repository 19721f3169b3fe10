"""What may fail in any way, as it is told: to callers in a few words, to the log whole."""

import logging
from collections.abc import Callable
from typing import TypeVar

from models.errors import ModelError

Result = TypeVar("Result")


def attempt(
    run: Callable[[], Result],
    log: logging.Logger,
    happened: str,
    when: str,
    but: tuple[type[ModelError], ...] = (),
) -> tuple[Result | None, str]:
    """Return what *run* returns, or why it can't be: never an empty text. *happened* goes into the *log*, *when* to
    callers: what an error holds may be none of their business.

    Raises: those of *but*.
    """
    try:
        return run(), ""
    except but:
        raise
    except ModelError as error:
        log.error("%s: %s", happened, error, exc_info=error.__cause__)
        return None, str(error) or type(error).__name__
    except Exception as error:  # whatever a damaged artifact provokes must not end the process for ever
        log.exception(happened)
        return None, f"{type(error).__name__} {when}"
