"""What is asked about an image: which models, how many labels, which resize."""

from collections.abc import Mapping
from dataclasses import dataclass

from models.served import ServedModel
from preprocessing.spec import Resize


@dataclass(frozen=True, slots=True)
class Question:
    """*models* by name, in the order asked; *is_compared*: more than one was asked for, or `all`; *top*: labels."""

    models: Mapping[str, ServedModel]
    is_compared: bool
    top: int
    resize: Resize
