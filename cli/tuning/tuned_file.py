"""The text of a settings file after tuning: some names set anew, every other line as it was."""

from collections.abc import Mapping, Sequence

from given import PREFIX

_MARK = "# tune: "  # begins our comments, so that the next tuning finds them


def with_settings(text: str, values: Mapping[str, str], comments: Sequence[str]) -> str:
    """Return *text* with *values* set, under *comments*, where one of them was set before; else at the end."""
    block = [*(_MARK + comment for comment in comments), *(f"{name}={value}" for name, value in values.items())]
    kept: list[str] = []
    place = None
    for line in text.splitlines():
        if line.startswith(_MARK.rstrip()) or _name(line) in values:
            place = len(kept) if place is None else place
        else:
            kept.append(line)
    place = len(kept) if place is None else place
    return "\n".join([*kept[:place], *block, *kept[place:]]) + "\n"


def _name(line: str) -> str:
    return line.partition("=")[0].strip().removeprefix(PREFIX)
