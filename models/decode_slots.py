"""How many large pictures may be decoded at once, by all processes together: what bounds the memory they take."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.cores import Cores

MOST_SLOTS = 2  # a decode takes up to 12 bytes a pixel: 770 MB for 64 megapixels (progressive CMYK without subsampling)


class DecodeSlots:
    """Slots shared through the file at *path*, as cores are: one a core of *cores*, at most MOST_SLOTS.

    A process that is killed gives its slot back at once.
    """

    def __init__(self, path: Path, cores: int) -> None:
        self.count = min(cores, MOST_SLOTS)
        # However long it takes: memory can't be shared out twice. Who hangs with a slot is ended by the watchdog.
        self._slots = Cores(path, self.count, most=1, patience_s=math.inf)

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """Wait for a slot and hold it: the *heavy* of `decode`."""
        with self._slots.lease():
            yield
