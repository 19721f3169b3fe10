"""The whole corpus of hostile files; `python -m tests.hostile.files FOLDER` writes it out."""

import re
import sys
from functools import cache
from pathlib import Path

from tests.hostile.file import HostileFile
from tests.hostile.impostors import impostors
from tests.hostile.jpegs import jpegs
from tests.hostile.pngs import pngs


@cache
def hostile_files() -> tuple[HostileFile, ...]:
    """Every one, always the same."""
    return (*jpegs(), *pngs(), *impostors())


if __name__ == "__main__":
    for number, file in enumerate(hostile_files()):
        name = f"{number:03} {re.sub(r'[^A-Za-z0-9 ,.-]', '_', file.name)}"
        (Path(sys.argv[1]) / name).write_bytes(file.content)
