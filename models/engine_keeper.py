"""The engine process as its parent keeps it: started, started again whenever it ends, ended with the service."""

import logging
import os
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence

from models.engine_words import listener

log = logging.getLogger(__name__)

_SOUND_S = 60.0  # one that lives as long was no failed start
_LONGEST_PAUSE_S = 30.0
_END_S = 10.0


class EngineKeeper:
    """Runs *command*; its last arguments are the descriptor of the socket on which it listens, and our pid.

    The socket is ours and stays: who comes while there is no engine waits for the next one.
    """

    def __init__(
        self,
        command: Sequence[str],
        ended: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._command, self._ended, self._clock = tuple(command), ended, clock
        self._listener: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._environment: Mapping[str, str] = {}
        self._began = self._pause_s = self._start_at = 0.0

    @property
    def address(self) -> bytes:
        """Where workers find it."""
        return bytes(self._listener.getsockname()) if self._listener else b""

    @property
    def pid(self) -> int | None:
        """Of the engine that runs now."""
        return self._process.pid if self._process else None

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it, as always from now on with *environment*."""
        self._listener, self._environment = listener(), environment
        self._launch()

    def follow(self, environment: Mapping[str, str]) -> None:
        """Start the next ones with *environment*."""
        self._environment = environment

    def forget(self) -> None:
        """In a process that was forked: have nothing to do with it."""
        if self._listener:
            self._listener.close()

    def keep(self) -> None:
        """Start another where it has ended; to be called now and then.

        The longer it keeps failing, the longer it rests.
        """
        now = self._clock()
        if self._process and self._process.poll() is not None:
            log.error("the engine process (pid:%d) has ended; another is started", self._process.pid)
            failed = now - self._began < _SOUND_S
            self._pause_s = min(_LONGEST_PAUSE_S, 2 * self._pause_s or 1.0) if failed else 0.0
            self._process, self._start_at = None, now + self._pause_s
            self._ended()
        if self._listener and self._process is None and now >= self._start_at:
            self._launch()

    def stop(self) -> None:
        """End it: what it has begun is answered."""
        process, self._process = self._process, None
        if self._listener:
            self._listener.close()
            self._listener = None
        if process is None or process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _launch(self) -> None:
        assert self._listener  # noqa: S101  # for mypy: there is one from `start` to `stop`
        file = self._listener.fileno()
        environment = os.environ | dict(self._environment)
        command = [*self._command, str(file), str(os.getpid())]
        self._process = subprocess.Popen(command, pass_fds=[file], env=environment)  # noqa: S603  # our own
        self._began = self._clock()
