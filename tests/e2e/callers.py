"""Callers who go on calling, and tell a connection that was never made from one that broke."""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import requests


class Fate(StrEnum):
    """What became of a request that got no answer."""

    REFUSED = "refused"  # nobody listened: nothing was promised, and a client may call elsewhere
    LOST = "lost"  # a connection was made, and broke without an answer


class Callers:
    """Each calls again as soon as it is answered. *fates* counts statuses and fates."""

    def __init__(self, url: str, upload: bytes) -> None:
        self.fates: Counter[int | Fate] = Counter()
        self._url, self._upload = url, upload
        self._counting = threading.Lock()
        self._is_over = threading.Event()

    def call(self) -> None:
        """Call until told to stop, or until nobody listens."""
        while not self._is_over.is_set():
            fate = self._once()
            with self._counting:
                self.fates[fate] += 1
            if fate is Fate.REFUSED:
                return

    def stop(self) -> None:
        """Let each end after the answer it waits for."""
        self._is_over.set()

    def _once(self) -> int | Fate:
        files = {"file": ("x.jpg", self._upload)}
        try:
            # `requests` tells a connection that could not be made only by the words of its cause
            return requests.post(self._url, files=files, headers={"Connection": "close"}, timeout=60).status_code
        except requests.ConnectionError as error:
            return Fate.REFUSED if "NewConnectionError" in repr(error) else Fate.LOST
        except requests.RequestException:
            return Fate.LOST


@contextmanager
def calling(url: str, upload: bytes, count: int) -> Iterator[Callers]:
    """Let *count* callers call meanwhile; at the end all of them have ended."""
    callers = Callers(url, upload)
    threads = [threading.Thread(target=callers.call) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield callers
    finally:
        callers.stop()
        for thread in threads:
            thread.join()
