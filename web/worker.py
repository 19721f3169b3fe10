"""Gunicorn's sync worker with a door in front: admission before any parsing, and nobody waited for at the end."""

import select
import socket
import time
from typing import Any

from gunicorn.workers.sync import SyncWorker

from web.access_log import log_request
from web.admission import silent_s, waiting_connections
from web.connection import Connection
from web.errors import PROBLEMS
from web.last_callers import answer_those_who_wait
from web.lingering import Lingering
from web.phase import Phase, SharedPhase
from web.record import Record
from web.refusal import Refusal, is_predict, overloaded, peek
from web.self_test import SelfTests
from web.service import Service
from web.watchdog import Life, Watchdog


class AdmittingWorker(SyncWorker):  # type: ignore[misc]  # Gunicorn is not typed
    """Serves one connection at a time; refuses POST /predict at once while more wait than may.

    *phase* is the service's, put here by the master before it forks.
    """

    phase: SharedPhase

    def __init__(self, *arguments: Any) -> None:
        """In the master, before the fork."""
        super().__init__(*arguments)
        self.life = Life()

    def run(self) -> None:
        """Serve until told to stop."""
        service: Service = self.wsgi.extensions["triptych"]
        self._cors_origins = service.cors_origins
        self._deadline_s = service.deadline_s
        self._admission = service.admission
        self._admission.open(self._waiting, self.cfg.workers)
        self._lingering = Lingering()
        self._metrics = service.metrics
        self._watchdog = Watchdog(2 * service.deadline_s, self.life)
        self._self_tests = SelfTests(service.registry, service.self_test_s, service.metrics.self_tested)
        self._watchdog.start()
        service.scrape.watch(self._waiting)
        try:
            super().run()
            self._see_off()
        finally:
            for listener in self.sockets:
                listener.close()  # who calls now is refused at once, not accepted and dropped
            self._lingering.finish()

    def accept(self, listener: Any) -> None:
        """Accept one connection and serve or refuse it.  Raises: BlockingIOError: none waits."""
        accepted, address = listener.accept()
        self._lingering.drain()
        accepted.set_inheritable(False)
        head, start = peek(accepted), time.monotonic()
        if not is_predict(head):
            self._serve(listener, accepted, address, start)
            return
        waited_s = silent_s(accepted)
        if self._admission.refuses(waited_s):
            self._refuse(accepted, address, head)
            return
        self._serve(listener, accepted, address, start, waited_s)

    def wait(self, timeout: float) -> Any:
        """Wait for a connection; meanwhile see the answered ones off."""
        while self._lingering:
            self.notify()
            ready, _, _ = select.select([*self.wait_fds, *self._lingering.filenos()], [], [], 1.0)
            self._lingering.drain()
            if any(each in ready for each in self.wait_fds):
                return super().wait(0)
        return super().wait(min(timeout, self._self_tests.due_in_s()))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be parsed, or what the application did not."""
        self._metrics.unparsed()
        super().handle_error(req, client, addr, exc)

    def notify(self) -> None:
        """Called between two connections, and while none comes: the time for what has to be done now and then."""
        super().notify()
        if not self._self_tests.due_in_s():
            with self._watchdog:
                self._self_tests.run_next()

    def handle_request(self, *arguments: Any) -> None:
        """Answer one request whose head was read."""
        with self._watchdog:
            super().handle_request(*arguments)

    def handle_quit(self, *arguments: Any) -> None:
        """End at once, as told."""
        self.life.over()
        super().handle_quit(*arguments)

    def _see_off(self) -> None:
        """Take leave of those who wait, unless others go on listening where they do."""
        if self.phase.now() is Phase.CLOSED:
            answer_those_who_wait(self.sockets, self.accept, time.monotonic() + self.cfg.graceful_timeout / 2)
        self.life.over()

    def _waiting(self) -> int:
        return max(waiting_connections(listener.sock) for listener in self.sockets)

    def _serve(self, listener: Any, accepted: socket.socket, address: Any, start: float, waited_s: float = 0.0) -> None:
        connection = Connection(fileno=accepted.detach())
        connection.lingering, connection.ends_at = self._lingering, start - waited_s + self._deadline_s
        connection.waited_s = waited_s
        connection.setblocking(True)
        self.handle(listener, connection, address)

    def _refuse(self, connection: socket.socket, address: Any, head: bytes) -> None:
        refusal = overloaded(head, self._admission.retry_after_s(), self._cors_origins)
        connection.setblocking(False)
        try:
            connection.send(refusal.answer)
        except OSError:
            connection.close()  # it has left
            return
        self._lingering.add(connection)
        self._note(refusal, address)

    def _note(self, refusal: Refusal, address: Any) -> None:
        """Count and log a refusal as what it stands for."""
        status, code = PROBLEMS["overloaded"].status, "overloaded"
        self._metrics.answered("POST", refusal.path, status, code)
        log_request(
            Record(route=refusal.path, code=code),
            request_id=refusal.request_id,
            peer=address[0] if address else "",
            method="POST",
            path=refusal.path,
            status=status,
            bytes_in=0,
            bytes_out=len(refusal.answer),
            took_s=0.0,
        )
