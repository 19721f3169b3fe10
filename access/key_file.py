"""The file of API keys: JSON, because the standard library can write it. Read by workers, edited by `keys ...`."""

import fcntl
import os
import stat
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from access.api_key import ApiKey
from access.errors import BadFile


class _Content(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: tuple[ApiKey, ...]


def parse_keys(text: bytes) -> dict[str, ApiKey]:
    """Return the keys of a file by id, in its order.  Raises: ValueError: says what is wrong, and repeats no value."""
    try:
        keys = _Content.model_validate_json(text).keys
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{place}: {first['msg']}" if place else first["msg"]) from None
    if twice := [key_id for key_id, count in Counter(key.id for key in keys).items() if count > 1]:
        raise ValueError(f"the id {twice[0]} stands there twice")
    return {key.id: key for key in keys}


def read_keys(path: Path) -> dict[str, ApiKey]:
    """Return the keys of the file at *path*.  Raises: BadFile."""
    try:
        return parse_keys(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadFile(f"{path}: {error.strerror if isinstance(error, OSError) else error}") from error


@contextmanager
def edited(path: Path) -> Iterator[dict[str, ApiKey]]:
    """Lend the keys of the file at *path* (none where there is no file yet) and write back what became of them.

    One edits at a time; a reader sees the old file or the new one. Nothing is written where the block fails.
    Raises: BadFile: what is there makes no sense, or is another user's.  OSError: it can't be written.
    """
    path = path.resolve()  # a link stays one
    with open(path.with_name(f".{path.name}.lock"), "rb", opener=_made_where_missing) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        keys = read_keys(path) if path.exists() else {}
        yield keys
        _replace(path, _Content(keys=tuple(keys.values())).model_dump_json(indent=1) + "\n")


def _made_where_missing(path: str, flags: int) -> int:
    """Open for reading, which is enough for a lock: root may have made it, and the owner edits next."""
    descriptor = os.open(path, flags | os.O_CREAT, 0o644)
    with suppress(PermissionError):  # another's; ours may have been masked
        os.fchmod(descriptor, 0o644)
    return descriptor


def _replace(path: Path, text: str) -> None:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # its mode is 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(descriptor)
            if path.exists():
                _keep_readers(descriptor, path)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _keep_readers(descriptor: int, path: Path) -> None:
    """Let the same read the new file as the old: a worker that could not would go on with keys that are revoked."""
    was = path.stat()
    try:
        os.fchown(descriptor, was.st_uid, was.st_gid)
    except PermissionError:
        raise BadFile(
            f"{path}: unchanged, since only root or its owner can leave owner and group as they are"
        ) from None
    os.fchmod(descriptor, stat.S_IMODE(was.st_mode))
