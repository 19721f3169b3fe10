"""The model in the box, `pocket`: what makes a fresh checkout recognise things with no weights and no internet.

A student of ours (`models distill`), kept beside the code. Its card, models/pocket/README.md, says how it was taught
and what it is worth.
"""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from models.architecture import Architecture
from models.manifest import Input, Own, own_architecture

POCKET = "pocket"
_FOLDER = Path(__file__).parent / "pocket"
POCKET_FILE = _FOLDER / "pocket.tflite"


class _Facts(BaseModel):
    """pocket.json: of the manifest that `models distill` left, what says what the network is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: Input
    own: Own


@cache
def pocket() -> Architecture:
    """Return what is known of it."""
    facts = _Facts.model_validate_json((_FOLDER / "pocket.json").read_bytes())
    return own_architecture(POCKET, facts.input, facts.own)
