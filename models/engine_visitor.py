"""A worker as the engine process sees it."""

import socket
import threading
from contextlib import suppress

from models.engine_words import Answer, Hello
from models.hosted import Hosted
from models.ring import Ring


class Visitor:
    """One connection, for one model. Any thread may answer.

    *hello*, *ring*: once it has introduced itself. *hosted*: once its model is there.
    """

    def __init__(self, connection: socket.socket) -> None:
        self.connection = connection
        self.hello: Hello | None = None
        self.ring: Ring | None = None
        self.hosted: Hosted | None = None
        self._asked = 0
        self._lock = threading.Lock()
        self._is_gone = False

    @property
    def asked(self) -> int:
        """How many of its images have no answer yet."""
        return self._asked

    def asks(self) -> None:
        """Take note of an image."""
        with self._lock:
            self._asked += 1

    def answer(self, answer: Answer) -> None:
        """Answer one image."""
        with self._lock:
            self._asked -= 1
        self.tell(answer.packed())

    def tell(self, message: bytes) -> None:
        """Send it, unless the worker has left: then it is in nobody's way."""
        with self._lock, suppress(OSError):
            if not self._is_gone:
                self.connection.send(message)

    def leave(self) -> None:
        """Close the connection."""
        with self._lock:
            self._is_gone = True
            self.connection.close()
