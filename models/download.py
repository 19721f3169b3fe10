"""One file by HTTP: resumed where it broke off, checked, and in its place only when whole.

`keras.utils.get_file` would do, but it imports TensorFlow, has no timeout and starts again from nothing.
"""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from models.file_record import has_digest

TIMEOUT_S = 20  # without a byte; a machine that drops packets must not hang a start for ever
_READ_BYTES = 1 << 18


def download(url: str, target: Path, digest: str | None, progress: Callable[[int, int], None]) -> None:
    """Fetch *url* into *target*; *progress* gets (bytes so far, bytes in all).

    With *digest* (see `has_digest`) a part that is there already is gone on with; without one nothing would notice two
    files spliced, so it starts anew.
    Raises: ConnectionAbortedError: cut off half-way; the part is kept.  OSError: unreachable, or the digest differs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    if digest is None:
        part.unlink(missing_ok=True)
    try:
        _fetch(url, part, progress)
    except http.client.HTTPException as error:
        raise OSError(f"no answer in HTTP: {type(error).__name__}") from error
    if digest is not None and not has_digest(part, digest):
        part.unlink()
        raise OSError("what arrived is not the file that Keras publishes (its digest differs)")
    part.replace(target)


def _fetch(url: str, part: Path, progress: Callable[[int, int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  # https, from the catalog
    try:
        answer = urllib.request.urlopen(request, timeout=TIMEOUT_S)  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code == 416 and have:  # the part was whole already
            return
        raise
    with answer:
        length = answer.headers.get("Content-Length")
        if length is None:
            raise OSError("the server does not say how long the file is")
        have = have if answer.status == 206 else 0
        total = have + int(length)
        try:
            with part.open("ab" if have else "wb") as file:
                while block := answer.read(_READ_BYTES):
                    file.write(block)
                    have += len(block)
                    progress(have, total)
        except OSError as error:  # timed out, reset, or a full disk
            raise ConnectionAbortedError(f"{error} after {have:,} of {total:,} bytes") from error
    if have < total:
        raise ConnectionAbortedError(f"broke off after {have:,} of {total:,} bytes")
