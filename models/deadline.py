"""Until when an answer is wanted, and whether anybody still waits for it."""

import math
import time
from collections.abc import Callable

from models.errors import CallerGone, DeadlineExceeded


class Deadline:
    """*ends_at* is a `time.monotonic()`; *is_gone* says whether the caller has left."""

    def __init__(self, ends_at: float = math.inf, is_gone: Callable[[], bool] = lambda: False) -> None:
        self.ends_at = ends_at
        self._is_gone = is_gone

    @property
    def remaining_s(self) -> float:
        """Return the seconds that are left; none or fewer when it has passed."""
        return self.ends_at - time.monotonic()

    def check(self) -> None:
        """Stand before each piece of work, so that nothing is computed in vain.

        Raises: DeadlineExceeded: too late.  CallerGone: nobody waits.
        """
        if self.remaining_s <= 0:
            raise DeadlineExceeded("There was not enough time to answer.")
        if self._is_gone():
            raise CallerGone("The caller has left.")
