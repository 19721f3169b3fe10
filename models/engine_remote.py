"""A worker's end of the engine in another process: images go into its ring, scores come out."""

import itertools
import os
import select
import socket
import struct
import time
from collections import deque
from dataclasses import replace
from enum import Enum

import numpy as np
from pydantic import ValidationError

from models.deadline import Deadline
from models.engine import Answered, Batch, Scores
from models.engine_words import MESSAGE_BYTES, Answer, Ask, Hello, Wanted, Welcome
from models.errors import DeadlineExceeded, EngineError, ModelError, ModelUnavailable
from models.ring import Ring, RingShape, ring_file
from preprocessing.spec import InputSpec, Normalisation
from preprocessing.transform import Tensor

_GRACE_S = 0.25  # for an engine that is just there to say so
_AGAIN_S = 10.0  # after which what could not be loaded is asked for again: memory may be free by then
_TEST_S = 10.0  # for a known answer
_AWAY = "its engine is away; it is being started again"


class _State(Enum):
    AWAY = "away"  # there is no connection
    WAITING = "waiting"  # said hello; the model is being loaded, or the engine started
    THERE = "there"
    REFUSED = "refused"  # the model can't be loaded


class RemoteEngine:
    """One model of the engine at *address*, through a ring of *shape*. For one thread.

    An engine that ends costs the images that it had: they raise ModelUnavailable. The next one is found by itself.
    """

    def __init__(self, address: bytes, wanted: Wanted, spec: InputSpec, shape: RingShape) -> None:
        """Ask for the model; `why_not` tells whether it is there."""
        self.spec = replace(spec, normalisation=Normalisation.NONE)
        self._address, self._hello = address, Hello(wanted=wanted, shape=shape)
        self._state, self._reason, self._since = _State.AWAY, "", 0.0
        self._serials = itertools.count()
        self._connection: socket.socket | None = None
        self._ring: Ring | None = None
        self._free: deque[int] = deque()
        self._asked: dict[int, int] = {}  # serial -> slot, of what has no answer yet
        self._answers: dict[int, Answered | ModelError] = {}  # by serial, of what nobody has taken yet
        self._given_up: set[int] = set()
        self._connect()

    def why_not(self, patience_s: float = 0.0) -> str:
        """Return why nothing can be asked; empty where it can. Waits for *patience_s* at most until it can.

        An engine that is just there gets a moment to say so, once: its first caller after a restart waits for it.
        """
        self._hear(0)
        if self._state is _State.REFUSED and time.monotonic() > self._since + _AGAIN_S:
            self._lost()
        self._settle(time.monotonic() + patience_s)
        return "" if self._state is _State.THERE else self._reason or _AWAY

    def begin(self, tensor: Tensor, until: Deadline) -> int:
        """Put one image (height, width, 3), of whole numbers from 0 to 255, into the ring; return its serial.

        Waits for a free slot.  Raises: ModelUnavailable: the engine is away.  DeadlineExceeded: no slot became free.
        """
        if tensor.shape != (self.spec.height, self.spec.width, 3):
            raise EngineError(f"a tensor of shape {tensor.shape} where {self.spec} was expected")
        if reason := self.why_not():
            raise ModelUnavailable(reason)
        while not self._free:
            self._wait(until)
        assert self._ring  # noqa: S101  # for mypy: it is there, like the connection
        slot, serial = self._free.popleft(), next(self._serials)
        np.copyto(self._ring.image(slot), tensor, casting="unsafe")
        self._asked[serial] = slot
        try:
            assert self._connection  # noqa: S101
            self._connection.send(Ask(slot, serial, until.ends_at).packed())
        except OSError:
            self._lost()
        return serial

    def take(self, serial: int, until: Deadline) -> Answered:
        """Wait for the answer to what was begun.

        Raises: DeadlineExceeded: it is too late for one.  ModelUnavailable: the engine has ended, or had no room.
        EngineError: it failed.
        """
        try:
            while serial not in self._answers:
                self._wait(until)
        except DeadlineExceeded:
            self.drop(serial)
            raise
        answer = self._answers.pop(serial)
        if isinstance(answer, ModelError):
            raise answer
        return answer

    def drop(self, serial: int) -> None:
        """Say that nobody will take what was begun."""
        if serial in self._asked:
            self._given_up.add(serial)
        self._answers.pop(serial, None)

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        """See `Engine.run`; for known answers, one by one.  Raises: DeadlineExceeded: the engine is too busy."""
        del threads
        until = Deadline(time.monotonic() + _TEST_S)
        return np.stack([self.take(self.begin(each, until), until).scores for each in batch])

    def close(self) -> None:
        """Let go of the engine, which unloads what nobody holds any more."""
        self._lost()

    def _wait(self, until: Deadline) -> None:
        left_s = until.remaining_s
        if left_s <= 0:
            raise DeadlineExceeded("There was not enough time to answer.")
        if self._state is not _State.THERE:
            raise ModelUnavailable(_AWAY)
        self._hear(left_s)

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
        shape = self._hello.shape
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        file = -1
        try:
            file = ring_file(shape)
            connection.setblocking(False)
            connection.connect(self._address)
            socket.send_fds(connection, [self._hello.model_dump_json().encode()], [file])
            self._ring = Ring(file, shape)
        except OSError:
            connection.close()
            return
        finally:
            if file >= 0:
                os.close(file)
        self._connection, self._state, self._reason = connection, _State.WAITING, ""
        self._since = time.monotonic()
        self._free = deque(range(shape.slots))

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
                self._lost()
            else:
                self._take_note(message)

    def _take_note(self, message: bytes) -> None:
        try:
            if self._state is _State.WAITING:
                self._reason = Welcome.model_validate_json(message).error
                self._state = _State.REFUSED if self._reason else _State.THERE
                self._since = time.monotonic()
            else:
                self._keep(Answer.read(message))
        except (ValidationError, ValueError, struct.error, KeyError):  # no engine of ours
            self._lost()

    def _keep(self, answer: Answer) -> None:
        slot = self._asked.pop(answer.serial)
        if answer.serial in self._given_up:
            self._given_up.remove(answer.serial)
        else:
            assert self._ring  # noqa: S101  # for mypy: it is there
            self._answers[answer.serial] = answer.error() or Answered(
                self._ring.scores(slot).copy(), answer.waited_s, answer.took_s
            )
        self._free.append(slot)

    def _lost(self) -> None:
        if self._connection:
            self._connection.close()
        gone = ModelUnavailable(_AWAY)
        self._answers |= dict.fromkeys(self._asked.keys() - self._given_up, gone)
        self._connection, self._ring, self._state = None, None, _State.AWAY
        self._asked.clear()
        self._given_up.clear()
        self._free.clear()


def _readable(connection: socket.socket, patience_s: float) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(None if patience_s == float("inf") else max(0.0, patience_s) * 1e3))
