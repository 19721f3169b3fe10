"""The engine process's loop: workers come, say which model they want, and have their images answered in batches.

The main thread reads what workers say. One thread loads models, and each loaded model has its batcher's; they take
turns on the device. Answers go out from whichever thread has them.
"""

import logging
import os
import selectors
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

from pydantic import ValidationError

from models.engine_visitor import Visitor
from models.engine_words import MESSAGE_BYTES, Answer, Ask, Hello, Outcome, Welcome, is_ours, outcome_of
from models.errors import EngineError, ModelError
from models.hosted import Place, Timed
from models.ring import Ring
from models.shelf import Shelf

log = logging.getLogger(__name__)

_TELL_EVERY_S = 0.1  # how full the rings are, while anything is in them


class EngineServer:
    """Answers who comes to *listener*, out of *shelf*; *told* is given the slots of all rings and those in use."""

    def __init__(self, listener: socket.socket, shelf: Shelf, told: Callable[[int, int], None]) -> None:
        self._listener, self._shelf, self._told = listener, shelf, told
        self._selector = selectors.DefaultSelector()
        self._visitors: set[Visitor] = set()
        self._told_at, self._is_busy = 0.0, False

    def serve(self) -> None:
        """Go on for ever."""
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select(_TELL_EVERY_S if self._is_busy else None):
                if key.data is None:
                    self._welcome_in()
                else:
                    self._hear(key.data)
            if self._is_busy and time.monotonic() >= self._told_at + _TELL_EVERY_S:
                self._tell_of_rings()

    def _welcome_in(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except BlockingIOError:
            return
        if not is_ours(connection, os.geteuid()):
            connection.close()
            return
        connection.setblocking(False)
        visitor = Visitor(connection)
        self._visitors.add(visitor)
        self._selector.register(connection, selectors.EVENT_READ, visitor)

    def _hear(self, visitor: Visitor) -> None:
        """Take what a worker says; one that says what no worker of ours says is sent away."""
        try:
            if visitor.hello is None:
                self._introduce(visitor)
                return
            message = visitor.connection.recv(MESSAGE_BYTES)
            if not message:
                self._see_off(visitor)
            else:
                self._ask(visitor, Ask.read(message))
        except BlockingIOError:
            return
        except (OSError, ValueError, ValidationError, struct.error) as error:
            log.warning("a worker is sent away: %s", error)
            self._see_off(visitor)

    def _introduce(self, visitor: Visitor) -> None:
        message, files, _, _ = socket.recv_fds(visitor.connection, MESSAGE_BYTES, 1)
        try:
            if not message:
                self._see_off(visitor)
                return
            visitor.hello = Hello.model_validate_json(message)
            if len(files) != 1:
                raise ValueError("it brought no ring")
            visitor.ring = Ring(files[0], visitor.hello.shape)
        finally:
            for file in files:
                os.close(file)
        self._tell_of_rings()
        self._shelf.want(visitor.hello.wanted, visitor, partial(self._seat, visitor))

    def _seat(self, visitor: Visitor, error: str) -> None:
        """Tell a worker that its model is there, or why not; in the loader's thread or in ours."""
        visitor.tell(Welcome(error=error).model_dump_json().encode())

    def _ask(self, visitor: Visitor, ask: Ask) -> None:
        if visitor.hosted is None or visitor.ring is None or ask.slot >= visitor.ring.shape.slots:
            raise ValueError("it asks what it may not")
        visitor.asks()
        self._is_busy = True
        place = Place(visitor.ring.image(ask.slot), visitor.ring.scores(ask.slot), time.monotonic())
        try:
            future = visitor.hosted.submit(place, ask.ends_at)
        except ModelError as error:
            self._refuse(visitor, ask, error)
        else:
            future.add_done_callback(partial(self._answer, visitor, ask))

    def _answer(self, visitor: Visitor, ask: Ask, future: "Future[Timed | EngineError]") -> None:
        """Send what became of an image; in its batcher's thread."""
        error = future.exception()
        result = future.result() if error is None else error
        if isinstance(result, BaseException):
            self._refuse(visitor, ask, result)
            return
        visitor.answer(Answer(ask.slot, ask.serial, Outcome.SCORED, *result))

    def _refuse(self, visitor: Visitor, ask: Ask, error: BaseException) -> None:
        outcome = outcome_of(error)
        if outcome is Outcome.FAILED:
            log.error("an image could not be answered: %s", error, exc_info=error.__cause__ or error)
        visitor.answer(Answer(ask.slot, ask.serial, outcome, 0.0, 0.0, str(error)))

    def _see_off(self, visitor: Visitor) -> None:
        self._selector.unregister(visitor.connection)
        visitor.leave()
        self._visitors.discard(visitor)
        self._shelf.let_go(visitor)
        self._tell_of_rings()

    def _tell_of_rings(self) -> None:
        slots = sum(visitor.ring.shape.slots for visitor in self._visitors if visitor.ring)
        used = sum(visitor.asked for visitor in self._visitors)
        self._told_at, self._is_busy = time.monotonic(), used > 0
        self._told(slots, used)
