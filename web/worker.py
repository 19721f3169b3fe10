"""Gunicorn's sync worker with a door in front: admission before any parsing, and nobody waited for at the end."""

import select
import socket
import time
from typing import Any

from gunicorn.workers.sync import SyncWorker

from web.access_log import AccessLogger, log_request
from web.admission import silent_s, waiting_connections
from web.connection import Connection
from web.lingering import Lingering
from web.refusal import is_predict, overloaded, peek
from web.service import Service


class AdmittingWorker(SyncWorker):  # type: ignore[misc]  # Gunicorn is not typed
    """Serves one connection at a time; refuses POST /predict at once while more wait than may."""

    def run(self) -> None:
        """Serve until told to stop."""
        service: Service = self.wsgi.extensions["triptych"]
        self._cors_origins = service.cors_origins
        self._deadline_s = service.deadline_s
        self._admission = service.admission
        self._admission.open(lambda: max(waiting_connections(each.sock) for each in self.sockets), self.cfg.workers)
        self._lingering = Lingering()
        self._logs_requests = isinstance(self.log, AccessLogger)
        try:
            super().run()
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
            self._serve(listener, accepted, address, start + self._deadline_s)
            return
        waited_s = silent_s(accepted)
        if self._admission.refuses(waited_s):
            self._refuse(accepted, address, head)
            return
        self._serve(listener, accepted, address, start - waited_s + self._deadline_s)
        self._admission.served(time.monotonic() - start)

    def wait(self, timeout: float) -> Any:
        """Wait for a connection; meanwhile see the answered ones off."""
        while self._lingering:
            self.notify()
            ready, _, _ = select.select([*self.wait_fds, *self._lingering.filenos()], [], [], 1.0)
            self._lingering.drain()
            if any(each in ready for each in self.wait_fds):
                return super().wait(0)
        return super().wait(timeout)

    def _serve(self, listener: Any, accepted: socket.socket, address: Any, ends_at: float) -> None:
        connection = Connection(fileno=accepted.detach())
        connection.lingering, connection.ends_at = self._lingering, ends_at
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
        if self._logs_requests:
            sent, request_id = len(refusal.answer), refusal.request_id
            log_request(address[0], "POST", refusal.path, status=503, sent=sent, took_ms=0.0, request_id=request_id)
