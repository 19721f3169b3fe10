"""Slots for images on their way to an engine in another process, and for its scores on their way back.

They lie in a memory file without a name (memfd_create(2)): whoever made it sends it over a Unix socket, and it is gone
when the last of both has ended, however that was. So there is nothing to clean up, and what a dead engine still wrote
can't reach anybody.
"""

import fcntl
import mmap
import os
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.engine import Scores

_ALIGNED = 64  # bytes: a cache line


class RingShape(NamedTuple):
    """*slots* for images (height, width, 3) uint8 and scores (classes,) float32."""

    slots: int
    height: int
    width: int
    classes: int

    @property
    def image_bytes(self) -> int:
        """Of one image, so that the next is aligned."""
        return _aligned(self.height * self.width * 3)

    @property
    def scores_bytes(self) -> int:
        """Of one image's scores, so that the next are aligned."""
        return _aligned(self.classes * 4)

    @property
    def total_bytes(self) -> int:
        """Of the file."""
        return self.slots * (self.image_bytes + self.scores_bytes)


class Ring:
    """The memory of *shape* behind the descriptor *file*, of which it takes a mapping and nothing else."""

    def __init__(self, file: int, shape: RingShape) -> None:
        """Raises: OSError, ValueError: the file is none of that shape."""
        if os.fstat(file).st_size != shape.total_bytes:
            raise ValueError("the file is not as long as the ring")
        self.shape = shape
        self._memory = mmap.mmap(file, shape.total_bytes)

    def image(self, slot: int) -> NDArray[np.uint8]:
        """Return the view of a slot's image."""
        shape = (self.shape.height, self.shape.width, 3)
        return np.ndarray(shape, np.uint8, self._memory, slot * self.shape.image_bytes)

    def scores(self, slot: int) -> Scores:
        """Return the view of a slot's scores."""
        start = self.shape.slots * self.shape.image_bytes + slot * self.shape.scores_bytes
        return np.ndarray((self.shape.classes,), np.float32, self._memory, start)


def ring_file(shape: RingShape) -> int:
    """Return the descriptor of a new memory file for *shape*, whose length nobody can change.  Raises: OSError."""
    file = os.memfd_create("triptych-ring", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(file, shape.total_bytes)
        fcntl.fcntl(file, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(file)
        raise
    return file


def _aligned(size: int) -> int:
    return -(-size // _ALIGNED) * _ALIGNED
