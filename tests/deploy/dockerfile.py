"""A Dockerfile, read as a builder reads it: enough of the language for ours; what it does not know it refuses."""

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Run(NamedTuple):
    """RUN: the commands that `&&` joins, as a shell takes them; *workdir* and *env* as they are there."""

    commands: list[str]
    workdir: str
    env: dict[str, str]


class Copy(NamedTuple):
    """COPY: *sources* are patterns in the context, or in the stage *origin*; a *target* that ends in / is a folder."""

    sources: list[str]
    target: str
    origin: str | None
    chown: str | None


@dataclass(frozen=True)
class Stage:
    """One stage, with what it has from the stage that it begins from."""

    name: str
    base: str
    steps: tuple[Run | Copy, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    args: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    user: str = "root"
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    healthcheck: tuple[str, ...] = ()
    patience: Mapping[str, str] = field(default_factory=dict)
    stopsignal: str = ""


def stages(text: str, **build_args: str) -> dict[str, Stage]:
    """Return all stages by name, in their order, as `--build-arg` *build_args* makes them."""
    found: dict[str, Stage] = {}
    given: dict[str, str] = {}
    stage: Stage | None = None
    for keyword, rest in _instructions(text):
        if keyword == "FROM":
            base, _, name = _filled(rest, given).partition(" AS ")
            stage = replace(found[base], name=name, args={}) if base in found else Stage(name, base)
        elif stage is None:
            assert keyword == "ARG", f"{keyword} before FROM"
            given |= _argument(rest, build_args, {})
        elif keyword == "ARG":
            stage = replace(stage, args={**stage.args, **_argument(rest, build_args, given)})
        else:
            stage = _next(stage, keyword, rest)
        if stage:
            found[stage.name] = stage
    return found


def _instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", "").splitlines():
        keyword, _, rest = line.strip().partition(" ")
        yield keyword, rest.strip()


def _argument(rest: str, build_args: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    name, _, default = rest.partition("=")
    return {name: build_args.get(name, default or given.get(name, ""))}


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _VARIABLE.sub(lambda match: values[match[1] or match[2]], text)


def _next(stage: Stage, keyword: str, rest: str) -> Stage:
    values = {**stage.args, **stage.env}
    match keyword:
        case "RUN":
            commands = [command.strip() for command in rest.split(" && ")]
            return replace(stage, steps=(*stage.steps, Run(commands, stage.workdir, values)))
        case "COPY":
            return replace(stage, steps=(*stage.steps, _copy(_filled(rest, values), stage.workdir)))
        case "ENV":
            pairs = (word.split("=", 1) for word in shlex.split(_filled(rest, values)))
            return replace(stage, env={**stage.env, **dict(pairs)})
        case "WORKDIR":
            return replace(stage, workdir=str(PurePosixPath(stage.workdir) / rest))
        case "USER":
            return replace(stage, user=rest)
        case "ENTRYPOINT":
            return replace(stage, entrypoint=tuple(json.loads(rest)), command=())
        case "CMD":
            return replace(stage, command=tuple(json.loads(rest)))
        case "HEALTHCHECK":
            options, _, command = rest.partition(" CMD ")
            return replace(stage, healthcheck=tuple(json.loads(command)), patience=_flags(options.split()))
        case "STOPSIGNAL":
            return replace(stage, stopsignal=rest)
        case "LABEL" | "EXPOSE":
            return stage
    raise AssertionError(f"{keyword} is not known here")


def _copy(rest: str, workdir: str) -> Copy:
    words = rest.split()
    flags = _flags([word for word in words if word.startswith("--")])
    assert flags.keys() <= {"from", "chown"}, flags
    *sources, target = (word for word in words if not word.startswith("--"))
    folder = "/" if target.endswith(("/", ".")) or len(sources) > 1 else ""
    return Copy(sources, f"{PurePosixPath(workdir) / target}{folder}", flags.get("from"), flags.get("chown"))


def _flags(words: list[str]) -> dict[str, str]:
    return dict(word.removeprefix("--").split("=", 1) for word in words)


def is_ignored(path: PurePosixPath, patterns: list[str]) -> bool:
    """Say whether .dockerignore keeps *path* out of the context: the last pattern that fits it or a folder above."""
    ignored = False
    for pattern in patterns:
        if any(_fits(str(part), pattern.removeprefix("!")) for part in (path, *path.parents)):
            ignored = not pattern.startswith("!")
    return ignored


def _fits(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatchcase(path.rpartition("/")[2], pattern.removeprefix("**/"))
    return path.count("/") == pattern.count("/") and fnmatchcase(path, pattern)


def patterns(dockerignore: Path) -> list[str]:
    """Return the patterns of a .dockerignore."""
    return [line for line in dockerignore.read_text().splitlines() if line and not line.startswith("#")]
