"""SIGTERM to Gunicorn's master: readiness falls at once, the stop comes DRAIN_S later.

Balancers need a moment to see that an instance is leaving; until then they go on sending, and are answered. Gunicorn's
own SIGTERM closes the listeners first.
"""

import os
import signal
from typing import Any

from web.phase import Phase, SharedPhase


class Drain:
    """Stands between the signal and the stop of *server*, Gunicorn's arbiter.

    *seconds*: between both. A second SIGTERM stops at once, SIGINT and SIGQUIT as ever. No thread and no polling: the
    kernel's timer sends SIGALRM, which comes through the same queue as every signal of the arbiter's.
    """

    def __init__(self, server: Any, seconds: float) -> None:
        self.phase = SharedPhase()
        self.seconds = seconds
        self._server = server
        self._is_announced = False

    def install(self) -> None:
        """Take over the master's SIGTERM; called once it listens and before it forks."""
        signal.signal(signal.SIGTERM, self._told)
        signal.signal(signal.SIGALRM, self._time_is_up)
        self._server.handle_term = self._handle_term

    def _told(self, number: int, frame: Any) -> None:
        """As soon as the signal comes, whatever the arbiter is busy with (a reload waits for its old workers)."""
        if os.getpid() != self._server.pid:
            return  # a worker that is just forked and has not its own handlers yet
        self._begin()
        self._server.signal(number, frame)

    def _begin(self) -> None:
        if self.phase.now() is Phase.SERVING:
            self.phase.enter(Phase.DRAINING)
            signal.setitimer(signal.ITIMER_REAL, self.seconds)

    def _time_is_up(self, number: int, frame: Any) -> None:
        self._server.signal(signal.SIGTERM, frame)

    def _handle_term(self) -> None:
        """In the arbiter's loop: the first one only tells, the next one stops."""
        self._begin()  # for one that came before `install`, and waited in the arbiter's queue
        if self.seconds and not self._is_announced:
            self._is_announced = True
            self._server.log.info("Draining: /readyz says 503, all else is answered for %g s more", self.seconds)
            return
        if self._owns_the_listeners():
            self.phase.enter(Phase.CLOSED)
        raise StopIteration  # what the arbiter takes for a graceful stop

    def _owns_the_listeners(self) -> bool:
        """Say whether nobody else listens on them: no master that USR2 started, or was started by; no systemd."""
        return not (self._server.reexec_pid or self._server.master_pid or self._server.systemd)
