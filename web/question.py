"""What a request asks, read from its fields."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from models.question import Question
from models.registry import Registry
from models.served import ServedModel
from preprocessing.spec import Resize
from web.errors import RequestError

DEFAULT_TOP, MAX_TOP = 3, 10
_MOST_LETTERS = 1000  # of models: more make no list of ours
ALL = "all"


@dataclass(frozen=True, slots=True)
class Asker:
    """Reads questions; what a request leaves open is the default."""

    registry: Registry
    default_model: str
    default_resize: Resize

    def question(self, fields: Mapping[str, Sequence[str]]) -> Question:
        """Return what *fields* ask.  Raises: RequestError; ModelError: a model can't answer."""
        names = _names(fields["model"]) or [self.default_model]
        return Question(
            models=self._models(names),
            is_compared=len(names) > 1 or ALL in names,
            top=_top(_last(fields["top"]) or str(DEFAULT_TOP)),
            resize=_resize(_last(fields["resize"]) or self.default_resize.value),
        )

    def _models(self, names: Sequence[str]) -> dict[str, ServedModel]:
        if ALL in names:
            names = self.registry.with_weights() or tuple(self.registry.entries)
        return {name: self.registry.get(name) for name in names}


def _names(values: Sequence[str]) -> list[str]:
    """Return the names, each once, of a field that is repeated or holds a comma-separated list."""
    if sum(map(len, values)) > _MOST_LETTERS:
        return [""]  # an unknown model
    names = [name.strip().lower() for value in values for name in value.split(",")]
    return list(dict.fromkeys(name for name in names if name))


def _last(values: Sequence[str]) -> str:
    return values[-1] if values else ""


def _top(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_TOP):
        raise RequestError("invalid_top", f"top is a whole number from 1 to {MAX_TOP}.")
    return int(text)


def _resize(text: str) -> Resize:
    try:
        return Resize(text.lower())
    except ValueError:
        raise RequestError("invalid_resize", f"resize is one of {', '.join(r.value for r in Resize)}.") from None
