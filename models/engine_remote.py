"""A worker's end of the engine in another process: images go into its ring, scores come out."""

import itertools
import time
from collections import deque
from dataclasses import replace

import numpy as np

from models.deadline import Deadline
from models.engine import Answered, Batch, Scores
from models.engine_line import EngineLine, away
from models.engine_words import Answer, Ask, Hello, Wanted
from models.errors import DeadlineExceeded, EngineError, ModelError, ModelUnavailable
from models.ring import RingShape
from preprocessing.spec import InputSpec, Normalisation
from preprocessing.transform import Tensor

_TEST_S = 10.0  # for a known answer


class RemoteEngine:
    """One model of the engine at *address*, through a ring of *shape*. For one thread.

    An engine that ends costs the images that it had: they raise ModelUnavailable. The next one is found by itself.
    """

    def __init__(self, address: bytes, wanted: Wanted, spec: InputSpec, shape: RingShape) -> None:
        """Ask for the model; `why_not` tells whether it is there."""
        self.spec = replace(spec, normalisation=Normalisation.NONE)
        self._slots = range(shape.slots)
        self._free = deque(self._slots)
        self._serials = itertools.count()
        self._asked: dict[int, int] = {}  # serial -> slot, of what has no answer yet
        self._answers: dict[int, Answered | ModelError] = {}  # by serial, of what nobody has taken yet
        self._given_up: set[int] = set()
        self._line = EngineLine(address, Hello(wanted=wanted, shape=shape), self._keep, self._forget)

    def why_not(self, patience_s: float = 0.0) -> str:
        """Return why nothing can be asked; empty where it can. Waits for *patience_s* at most until it can."""
        return self._line.why_not(patience_s)

    def is_refused(self) -> bool:
        """Say whether the engine could not load it, as when a newer build has taken its place."""
        return self._line.is_refused

    def begin(self, tensor: Tensor, until: Deadline) -> int:
        """Put one image (height, width, 3), of whole numbers from 0 to 255, into the ring; return its serial.

        Waits for a free slot.  Raises: ModelUnavailable: the engine is away.  DeadlineExceeded: no slot became free.
        """
        if tensor.shape != (self.spec.height, self.spec.width, 3):
            raise EngineError(f"a tensor of shape {tensor.shape} where {self.spec} was expected")
        if reason := self.why_not():
            raise ModelUnavailable(reason)
        while not self._free:
            self._line.wait(until)
        if self._line.ring is None:  # it has ended while we waited for a slot
            raise away()
        slot, serial = self._free.popleft(), next(self._serials)
        np.copyto(self._line.ring.image(slot), tensor, casting="unsafe")
        self._asked[serial] = slot
        self._line.ask(Ask(slot, serial, until.ends_at))
        return serial

    def take(self, serial: int, until: Deadline) -> Answered:
        """Wait for the answer to what was begun.

        Raises: DeadlineExceeded: it is too late for one.  ModelUnavailable: the engine has ended, or had no room.
        EngineError: it failed.
        """
        try:
            while serial not in self._answers:
                self._line.wait(until)
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
        self._line.close()

    def _keep(self, answer: Answer) -> None:
        """Take an answer in.  Raises: KeyError: nobody asked for it."""
        slot = self._asked.pop(answer.serial)
        if answer.serial in self._given_up:
            self._given_up.remove(answer.serial)
        elif error := answer.error():
            self._answers[answer.serial] = error
        elif self._line.ring:
            scores = self._line.ring.scores(slot).copy()
            self._answers[answer.serial] = Answered(scores, answer.waited_s, answer.took_s)
        self._free.append(slot)

    def _forget(self) -> None:
        """The ring is gone, and the next one is empty."""
        self._answers |= {serial: away() for serial in self._asked.keys() - self._given_up}
        self._asked.clear()
        self._given_up.clear()
        self._free = deque(self._slots)
