"""One file by HTTP: resumed where it broke off, checked, and in its place only when whole.

`keras.utils.get_file` would do, but it imports TensorFlow, has no timeout and starts again from nothing.
"""

import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from models.file_record import file_hash

TIMEOUT_S = 20  # without a byte; a machine that drops packets must not hang a start for ever
_READ_BYTES = 1 << 18


def download(url: str, target: Path, md5: str | None, progress: Callable[[int, int], None]) -> None:
    """Fetch *url* into *target*; *progress* gets (bytes so far, bytes in all).

    Raises: OSError: unreachable, cut off (the part is kept, the next call goes on from there), or the MD5 differs.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})  # noqa: S310  # https, from the catalog
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            resumed = answer.status == 206
            have = have if resumed else 0
            total = have + int(answer.headers.get("Content-Length", 0))
            with part.open("ab" if resumed else "wb") as file:
                while block := answer.read(_READ_BYTES):
                    file.write(block)
                    have += len(block)
                    progress(have, total)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the part was whole already
            raise
        total = have
    if have < total:
        raise OSError(f"{url} broke off after {have:,} of {total:,} bytes")
    if md5 is not None and file_hash(part, "md5") != md5:
        part.unlink()
        raise OSError(f"{url} is not the file that Keras publishes (MD5 differs)")
    part.replace(target)
