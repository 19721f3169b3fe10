"""How questions and results are written in the ledger: JSON."""

import json

from jobs.job import Asked, Result
from preprocessing.spec import Resize


def pack_asked(asked: Asked) -> str:
    """Return the text of a question."""
    return json.dumps(asked._asdict() | {"resize": asked.resize.value})


def unpack_asked(text: bytes) -> Asked:
    """Return the question of a text."""
    read = json.loads(text)
    return Asked(tuple(read["models"]), read["is_compared"], read["top"], Resize(read["resize"]))


def pack_result(result: Result) -> str:
    """Return the text of a result."""
    if result.reply is not None:
        return json.dumps({"reply": result.reply})
    return json.dumps({"code": result.code, "detail": result.detail})


def unpack_result(text: bytes) -> Result:
    """Return the result of a text."""
    return Result(**json.loads(text))
