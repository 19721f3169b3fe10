"""The settings that were given: in the environment and, under it, in a settings file of lines `NAME=value`."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

PREFIX = "TRIPTYCH_"
SETTINGS_FILE = "SETTINGS_FILE"


class Given(NamedTuple):
    """One value as text; *place* is `triptych.env, line 3`, or empty for the environment."""

    value: str
    place: str = ""

    def named(self, name: str) -> str:
        """Return how a message names the setting that this is the value of."""
        return f"{self.place}: {name}" if self.place else PREFIX + name


def gather(environ: Mapping[str, str], known: Collection[str]) -> tuple[dict[str, Given], list[str]]:
    """Return what was given for *known* names, and a line for each thing that is wrong. The environment wins.

    An empty value counts as unset.
    """
    given = {n.removeprefix(PREFIX): Given(value) for n, value in environ.items() if n.startswith(PREFIX) and value}
    problems = [_unknown(PREFIX + name) for name in given if name not in known]
    if SETTINGS_FILE in given:
        written, wrong = _read(Path(given[SETTINGS_FILE].value).expanduser(), known)
        given, problems = written | given, problems + wrong
    return {name: each for name, each in given.items() if name in known}, problems


def _read(path: Path, known: Collection[str]) -> tuple[dict[str, Given], list[str]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()  # some editors begin with a byte order mark
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        return {}, [f"{PREFIX}{SETTINGS_FILE}={str(path)!r} can't be read: {reason}"]
    written: dict[str, Given] = {}
    problems = []
    for number, line in enumerate((line.strip() for line in lines), 1):
        if not line or line.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        name, place = name.removeprefix(PREFIX), f"{path}, line {number}"
        if wrong := _wrong(name, known, written, is_pair=bool(name and equals)):
            problems.append(f"{place}: {wrong}")
        else:
            written[name] = Given(value, place)
    return {name: each for name, each in written.items() if each.value}, problems


def _wrong(name: str, known: Collection[str], before: Mapping[str, Given], *, is_pair: bool) -> str:
    """Say what is wrong with a line of a settings file; nothing if it is right. Its value is not repeated."""
    if not is_pair:
        return "this is not NAME=value"
    if name not in known:
        return _unknown(name)
    if name == SETTINGS_FILE:
        return f"{name} can't be set here: one settings file does not name another"
    return f"{name} was set before, in {before[name].place}" if name in before else ""


def _unknown(name: str) -> str:
    return f"{name} is no setting of Triptych; the README lists them."
