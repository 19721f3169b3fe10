"""Gunicorn's sync worker with a door in front: admission before any parsing, and nobody waited for at the end."""

import select
import socket
import time
from typing import Any

from gunicorn.workers.sync import SyncWorker

from models.engine_watch import EngineWatch
from models.reload import LOOK_EVERY_S
from models.self_test import SelfTests
from web.access_log import Unquoting
from web.admission import silent_s, waiting_connections
from web.connection import Connection
from web.last_callers import answer_those_who_wait
from web.lingering import Lingering
from web.phase import Phase, SharedPhase
from web.refusal import brings_images, note, overloaded, peek
from web.service import Service
from web.watchdog import Life, Watchdog

_SELF_TEST_S = 30.0  # that one may take at the least: no caller waits with a deadline, VGG16 may meet a busy machine


class AdmittingWorker(SyncWorker):  # type: ignore[misc]  # Gunicorn is not typed
    """Serves one connection at a time; refuses requests that bring images at once while more wait than may.

    *phase* is the service's, put here by the master before it forks.
    """

    phase: SharedPhase
    log: Any

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
        self._self_test_watchdog = Watchdog(max(2 * service.deadline_s, _SELF_TEST_S), self.life)
        self._reload_watchdog = Watchdog(max(2 * service.deadline_s, _SELF_TEST_S) + service.reload_s, self.life)
        turn = 1 - self.age % self.cfg.workers / self.cfg.workers  # so that not all of them test at once
        self._self_tests = SelfTests(service.registry, service.self_test_s, service.metrics.self_tested, turn)
        self._reloads, self._engines = service.reloads, EngineWatch(service.registry, service.metrics.models)
        self._shadow, self._road = service.shadow, service.road
        self._watchdog.start()
        if self.phase.now() is Phase.CLOSED:
            self.alive = False  # its SIGTERM came before it had a handler
        service.scrape.watch(self._waiting)
        try:
            super().run()
            self._see_off()
        finally:
            for listener in self.sockets:
                listener.close()  # who calls now is refused at once, not accepted and dropped
            self._lingering.finish()
            self._reloads.close()

    def accept(self, listener: Any) -> None:
        """Accept one connection and serve or refuse it.  Raises: BlockingIOError: none waits."""
        accepted, address = listener.accept()
        self._lingering.drain()
        head, start = peek(accepted), time.monotonic()
        if not brings_images(head):
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
        return super().wait(min(timeout, self._self_tests.due_in_s(), self._engines.due_in_s(), LOOK_EVERY_S))

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be parsed, or what the application did not."""
        self._is_noted = True
        self._metrics.unparsed()
        log, self.log = self.log, Unquoting(self.log, addr[0] if addr else "", exc)
        try:
            super().handle_error(req, client, addr, exc)
        finally:
            self.log = log

    def notify(self) -> None:
        """Called between two connections, and while none comes: the time for what has to be done now and then."""
        super().notify()
        if self._shadow:
            with self._self_test_watchdog:
                self._shadow.run(self._road, self._waiting)
                self._shadow.look()
        if not self._engines.due_in_s():
            with self._self_test_watchdog:
                self._engines.run()
        if self._reloads.due():
            with self._reload_watchdog:
                self._reloads.run()
        if not self._self_tests.due_in_s():
            with self._self_test_watchdog:
                self._self_tests.run_next()

    def handle_request(self, *arguments: Any) -> None:
        """Answer one request whose head was read."""
        self._is_noted = True
        with self._watchdog:
            super().handle_request(*arguments)

    def handle_exit(self, *arguments: Any) -> None:
        """End after the request at hand, as told."""
        self.life.told()
        super().handle_exit(*arguments)

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
        ends_at = start - waited_s + self._deadline_s
        connection = Connection(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        connection.lingering, connection.ends_at, connection.waited_s = self._lingering, ends_at, waited_s
        connection.gone_at = ends_at + self._deadline_s / 2  # before the watchdog, which gives it twice its deadline
        self._is_noted = False
        self.handle(listener, connection, address)
        if not self._is_noted and time.monotonic() >= ends_at:
            self._metrics.unparsed()  # it was too slow with its head, and let go without a word

    def _refuse(self, connection: socket.socket, address: Any, head: bytes) -> None:
        refusal = overloaded(head, self._admission.retry_after_s(), self._cors_origins)
        connection.setblocking(False)
        try:
            sent = connection.send(refusal.answer)
        except OSError:
            sent = 0
            connection.close()  # it has left
        else:
            self._lingering.add(connection)
        note(refusal, address[0] if address else "", sent, self._metrics)
