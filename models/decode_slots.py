"""How many large pictures may be decoded at once, by all processes together: what bounds the memory they take."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from models.cores import Cores
from models.deadline import Deadline

MOST_SLOTS = 2  # a decode takes up to 12 bytes a pixel: 770 MB for 64 megapixels (progressive CMYK without subsampling)
_LOOK_S = 0.01  # how often who waits looks for a free one: fcntl can't wait until a time. A large decode takes 0.3 s


class NoSlotFree(Exception):
    """Others decode large pictures now: give your core back and wait."""


class DecodeSlots:
    """Slots shared through the file at *path*, as cores are: one a core of *cores*, at most MOST_SLOTS.

    A process that is killed gives its slot back at once.
    """

    def __init__(self, path: Path, cores: int) -> None:
        self.count = min(cores, MOST_SLOTS)
        self._slots = Cores(path, self.count, most=1, patience_s=0)

    @contextmanager
    def heavy(self) -> Iterator[None]:
        """Hold a slot: the *heavy* of `decode`.  Raises: NoSlotFree: nobody goes ahead without, for the memory."""
        with self._slots.lease() as slot:
            if not slot.is_held:
                raise NoSlotFree
            yield

    @contextmanager
    def waited_for(self, until: Deadline) -> Iterator[None]:
        """Wait for a slot and hold it.  Raises: DeadlineExceeded; CallerGone."""
        with ExitStack() as held:
            while True:
                until.check()
                try:
                    held.enter_context(self.heavy())
                    break
                except NoSlotFree:
                    time.sleep(_LOOK_S)
            yield
