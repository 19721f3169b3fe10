"""An engine process's parts around a fake device, in this process or in one that can be killed."""

import multiprocessing
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.engine import Images, Scores
from models.engine_remote import RemoteEngine
from models.engine_server import EngineServer
from models.engine_words import Wanted
from models.errors import ArtifactError, EngineError, OutOfMemory
from models.hosted import Batching, Hosted, Run
from models.ring import RingShape
from models.shelf import Shelf
from preprocessing.spec import InputSpec, Normalisation
from tests.fakes import Clock

SPEC = InputSpec(4, 6, Normalisation.NONE)
SHAPE = RingShape(slots=3, height=4, width=6, classes=5)
HANGS, BAD, HEAVY, NAN, SLOW = 249, 250, 251, 252, 253  # of the first pixel
SLOW_S, HANGS_S = 0.3, 2.0


def image(value: int) -> NDArray[np.float32]:
    """One whose every pixel is *value*."""
    return np.full((4, 6, 3), value, np.float32)


class Device:
    """Scores are the image's brightness over 255, in the class of its first pixel modulo five."""

    spec, largest = SPEC, 4

    def gathered(self, images: Sequence[NDArray[np.uint8]]) -> Images:
        return np.stack(images)

    def run_bucket(self, images: Images) -> Scores:
        first = images[:, 0, 0, 0]
        if (first == SLOW).any():
            time.sleep(SLOW_S)
        if (first == HANGS).any():
            time.sleep(600)
        if (first == HEAVY).any():
            raise OutOfMemory("the device had no room for the batch")
        if (first == BAD).any():
            raise EngineError("it failed to run")
        scores = np.zeros((len(images), 5), np.float32)
        scores[np.arange(len(images)), first % 5] = images.mean(axis=(1, 2, 3)) / 255
        scores[first == NAN] = np.nan
        return scores


class Room:
    """A server's thread; *runs* are its batches, *loads* what it loaded."""

    def __init__(self, socket_: socket.socket, hangs_s: float = 60) -> None:
        self.hangs_s = hangs_s  # after which it ends its process
        self.runs: list[Run] = []
        self.loads: list[str] = []
        self.refusals, self.load_s = 0, 0.0  # of what is damaged: how often, and what that takes
        self.closed: list[str] = []
        self.rings = (0, 0)
        self.is_mended = False
        self.engines: list[weakref.ref[object]] = []
        self.is_loading = threading.Event()
        self.device = threading.Lock()
        self.clock = Clock()
        self.shelf = Shelf(self._load, self.clock)
        self.shelf.start()
        self.server = EngineServer(socket_, self.shelf, self._note)

    def _note(self, slots: int, used: int) -> None:
        self.rings = (slots, used)

    def _load(self, wanted: Wanted) -> Hosted:
        if wanted.folder == "damaged" and not self.is_mended:
            self.refusals += 1
            self.clock.now += self.load_s
            raise ArtifactError("it is damaged")
        if wanted.folder == "large":
            assert self.is_loading.wait(30)
        if wanted.folder == "exploding":
            raise ZeroDivisionError
        self.loads.append(wanted.folder)
        room = self

        class Told(Hosted):
            def close(self) -> None:
                super().close()
                room.closed.append(wanted.folder)

        batching = Batching(wait_s=0.001, most=100, hangs_s=self.hangs_s)
        engine: Any = Device()
        self.engines.append(weakref.ref(engine))
        return Told(wanted.name, engine, 5, self.device, batching, told=self.runs.append)

    def begin(self) -> None:
        """Serve in a thread of its own, which ends with the process."""
        threading.Thread(target=self.server.serve, daemon=True).start()


def guest(address: bytes, folder: str = "build", shape: RingShape = SHAPE, patience_s: float = 30) -> RemoteEngine:
    """A worker's end, when its model is there, or will not be soon."""
    made = RemoteEngine(address, Wanted(name="net", folder=folder, precision="float32"), SPEC, shape)
    made.why_not(patience_s)
    return made


@contextmanager
def mortal(listening: socket.socket) -> Iterator[int]:
    """Serve in a process that may be killed; its pid."""
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(listening,), daemon=True)
    process.start()
    assert process.pid
    try:
        yield process.pid
    finally:
        process.kill()
        process.join()


def _serve(listening: socket.socket) -> None:
    try:
        Room(listening, HANGS_S).server.serve()
    finally:
        os._exit(1)


def address_of(listening: socket.socket) -> bytes:
    return bytes(listening.getsockname())
