"""What a caller is told of an image that got no answer."""

import logging
from typing import NamedTuple

from models.errors import ModelError
from preprocessing.errors import ImageError

log = logging.getLogger(__name__)

INTERNAL = "internal_error"


class Told(NamedTuple):
    """*code* is stable, *detail* says how, in words."""

    code: str
    detail: str


def told(error: Exception, request_id: str) -> Told:
    """Return what a caller is told; of what is no fault of his, and is none of ours that has a name, the log tells."""
    if isinstance(error, ImageError | ModelError) and error.code != INTERNAL:
        return Told(error.code, str(error))
    log.error("request %s failed", request_id, exc_info=error)
    return Told(INTERNAL, "The service failed on this request; the operator's log has it by request_id.")
