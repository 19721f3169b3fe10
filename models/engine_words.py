"""What a worker and its engine say to each other over a Unix socket that keeps messages apart (SOCK_SEQPACKET).

worker -> engine   Hello, with the descriptor of the ring; from then on the connection stands for one model
engine -> worker   Welcome, once that model is loaded; or why it can't be
worker -> engine   Ask, an image lies in a slot
engine -> worker   Answer, its scores lie in the same slot, or why there are none
"""

import socket
import struct
from enum import IntEnum
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from models.errors import DeadlineExceeded, EngineError, ModelError, ModelUnavailable
from models.ring import RingShape

ADDRESS_VARIABLE = "ENGINE_OF_TRIPTYCH"  # of a worker's environment: where its engine is, in hexadecimal digits
MESSAGE_BYTES = 4096  # that a message has at most
_TEXT_BYTES = 1000  # of an error
_ASK = struct.Struct("@IQd")
_ANSWER = struct.Struct("@IQBdd")


class Wanted(BaseModel):
    """A prepared model: the folder of its build and the precision."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    folder: str
    precision: str


class Hello(BaseModel):
    """Which model is wanted, and what the ring is like that comes along."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    wanted: Wanted
    shape: RingShape


class Welcome(BaseModel):
    """*error*: why the model can't be served; empty where it can."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    error: str = ""


class Outcome(IntEnum):
    """What became of an image."""

    SCORED = 0
    LATE = 1
    UNAVAILABLE = 2
    FAILED = 3


_ERRORS: dict[Outcome, type[ModelError]] = {
    Outcome.LATE: DeadlineExceeded,
    Outcome.UNAVAILABLE: ModelUnavailable,
    Outcome.FAILED: EngineError,
}


class Ask(NamedTuple):
    """The image in *slot* is to be answered until *ends_at*, a `time.monotonic()`; *serial* is in its answer."""

    slot: int
    serial: int
    ends_at: float

    def packed(self) -> bytes:
        """Return it as a message."""
        return _ASK.pack(*self)

    @classmethod
    def read(cls, message: bytes) -> Self:
        """Raises: struct.error: it is none."""
        return cls(*_ASK.unpack(message))


class Answer(NamedTuple):
    """*waited_s* for its batch, of whose time *took_s* are its share; *text* says why there are no scores."""

    slot: int
    serial: int
    outcome: Outcome
    waited_s: float
    took_s: float
    text: str = ""

    def packed(self) -> bytes:
        """Return it as a message."""
        return _ANSWER.pack(*self[:-1]) + self.text.encode()[:_TEXT_BYTES]

    @classmethod
    def read(cls, message: bytes) -> Self:
        """Raises: struct.error, ValueError: it is none."""
        slot, serial, outcome, waited_s, took_s = _ANSWER.unpack_from(message)
        text = message[_ANSWER.size :].decode(errors="replace")
        return cls(slot, serial, Outcome(outcome), waited_s, took_s, text)

    def error(self) -> ModelError | None:
        """Return what it tells that there are no scores for."""
        return _ERRORS[self.outcome](self.text) if self.outcome in _ERRORS else None


def outcome_of(error: BaseException) -> Outcome:
    """Return how *error* is told."""
    return next((outcome for outcome, kind in _ERRORS.items() if isinstance(error, kind)), Outcome.FAILED)


def listener() -> socket.socket:
    """Return a listening socket with an address of the kernel's choice, in no folder: gone with its last holder."""
    made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    made.bind("")
    made.listen(socket.SOMAXCONN)
    return made


def is_ours(peer: socket.socket, user: int) -> bool:
    """Say whether the process at the other end is *user*'s: such an address has no permissions."""
    _, uid, _ = struct.unpack("@iii", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return bool(uid == user)
