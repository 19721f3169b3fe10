"""A worker's line to the engine process, for one model: made, lost, and made again."""

import os
import select
import socket
import struct
import time
from collections.abc import Callable
from enum import Enum

from pydantic import ValidationError

from models.deadline import Deadline
from models.engine_words import MESSAGE_BYTES, Answer, Ask, Hello, Welcome
from models.errors import DeadlineExceeded, ModelUnavailable
from models.ring import Ring, ring_file

_GRACE_S = 0.25  # for an engine that is just there to say so
_AGAIN_S = 10.0  # after which what is refused is asked for again; the shelf has rested then from a quick failure
_AWAY = "its engine is away: it is being started, or loads the model"


class _State(Enum):
    AWAY = "away"  # there is no connection
    WAITING = "waiting"  # said hello; the model is being loaded, or the engine started
    THERE = "there"
    REFUSED = "refused"  # the model can't be loaded


class EngineLine:
    """To the engine at *address*, for what *hello* asks. *heard* is given each answer; *lost* is told when the ring is
    gone, and with it all that was asked. For one thread.
    """

    def __init__(self, address: bytes, hello: Hello, heard: Callable[[Answer], None], lost: Callable[[], None]) -> None:
        """Ask for the model; `why_not` tells whether it is there."""
        self._address, self._hello, self._heard, self._lost = address, hello, heard, lost
        self._state, self._reason, self._since = _State.AWAY, "", 0.0
        self._connection: socket.socket | None = None
        self.ring: Ring | None = None
        self._connect()

    def why_not(self, patience_s: float = 0.0) -> str:
        """Return why nothing can be asked; empty where it can. Waits for *patience_s* at most until it can.

        An engine that is just there gets a moment to say so, once: its first caller after a restart waits for it.
        """
        self._hear(0)
        if self._state is _State.REFUSED and time.monotonic() > self._since + _AGAIN_S:
            self.close()
        self._settle(time.monotonic() + patience_s)
        return "" if self._state is _State.THERE else self._reason or _AWAY

    @property
    def is_refused(self) -> bool:
        """Say whether the engine could not load what it was asked for."""
        return self._state is _State.REFUSED

    def ask(self, ask: Ask) -> None:
        """Ask for an image that is in the ring; where the engine has just ended, *lost* is told."""
        try:
            if self._connection:
                self._connection.send(ask.packed())
        except OSError:
            self.close()

    def wait(self, until: Deadline) -> None:
        """Wait for news.  Raises: DeadlineExceeded: none came in time.  ModelUnavailable: none will come."""
        left_s = until.remaining_s
        if left_s <= 0:
            raise DeadlineExceeded("There was not enough time to answer.")
        if self._state is not _State.THERE:
            raise ModelUnavailable(_AWAY)
        self._hear(left_s)

    def close(self) -> None:
        """Let go of the engine, which unloads what nobody holds any more; `why_not` would make the line again."""
        if self._connection:
            self._connection.close()
        self._connection, self.ring, self._state = None, None, _State.AWAY
        self._lost()

    def _settle(self, give_up: float) -> None:
        """Go on until the model is there or was refused, or until *give_up*; an engine may end and another come."""
        while True:
            if self._state is _State.AWAY:
                self._connect()
            left_s = max(give_up, self._since + _GRACE_S) - time.monotonic()
            if self._state in (_State.THERE, _State.REFUSED) or left_s <= 0:
                return
            if self._state is _State.WAITING:
                self._hear(left_s)
            else:
                time.sleep(min(left_s, _GRACE_S))  # nobody listens at all: our parent is just ending

    def _connect(self) -> None:
        """Say hello; nobody may have come to listen yet."""
        connection, file = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET), -1
        try:
            file = ring_file(self._hello.shape)
            connection.setblocking(False)
            connection.connect(self._address)
            socket.send_fds(connection, [self._hello.model_dump_json().encode()], [file])
            self.ring = Ring(file, self._hello.shape)
        except OSError:
            connection.close()
            return
        finally:
            if file >= 0:
                os.close(file)
        self._connection, self._state, self._reason = connection, _State.WAITING, ""
        self._since = time.monotonic()

    def _hear(self, patience_s: float) -> None:
        """Read what has come, waiting for *patience_s* at most for the first."""
        if self._connection is None or not _readable(self._connection, patience_s):
            return
        while self._connection is not None:
            try:
                message = self._connection.recv(MESSAGE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                message = b""
            if not message:
                self.close()
            else:
                self._take_note(message)

    def _take_note(self, message: bytes) -> None:
        try:
            if self._state is _State.WAITING:
                self._reason = Welcome.model_validate_json(message).error
                self._state = _State.REFUSED if self._reason else _State.THERE
                self._since = time.monotonic()
            else:
                self._heard(Answer.read(message))
        except (ValidationError, ValueError, struct.error, KeyError):  # no engine of ours
            self.close()


def _readable(connection: socket.socket, patience_s: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if patience_s == float("inf") else max(0.0, patience_s) * 1e3))


def away() -> ModelUnavailable:
    """Return what those are told whose images an engine took with it."""
    return ModelUnavailable(_AWAY)
