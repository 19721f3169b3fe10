"""Gunicorn's sync worker with a door in front: admission before any parsing, and nobody waited for at the end."""

import os
import select
import socket
import time
from typing import Any

from gunicorn.workers.sync import SyncWorker

from web.access_log import log_request
from web.admission import Admission, waiting_connections
from web.errors import PROBLEMS
from web.lingering import Lingering
from web.record import Record
from web.refusal import Refusal, is_predict, overloaded, peek
from web.service import Service


class Connection(socket.socket):
    """An accepted connection. What Gunicorn half-closes at the end lingers with the others instead of being waited for.

    Gunicorn's `close_graceful` shuts down, reads until the other side has closed, and closes.
    """

    lingering: Lingering
    _lent = False

    def shutdown(self, how: int) -> None:
        """Half-close, and let it linger on a descriptor of its own."""
        if how == socket.SHUT_WR and not self._lent:
            self._lent = True
            self.lingering.add(socket.socket(fileno=os.dup(self.fileno())))
        else:
            super().shutdown(how)

    def recv(self, *arguments: Any) -> bytes:
        """Return what has arrived; nothing once it lingers."""
        return b"" if self._lent else super().recv(*arguments)


class AdmittingWorker(SyncWorker):  # type: ignore[misc]  # Gunicorn is not typed
    """Serves one connection at a time; refuses POST /predict at once while more wait than may."""

    def run(self) -> None:
        """Serve until told to stop."""
        service: Service = self.wsgi.extensions["triptych"]
        self._cors_origins = service.cors_origins
        self._admission = Admission(service.max_waiting, self.cfg.workers)
        self._lingering = Lingering()
        self._metrics = service.metrics
        service.scrape.watch(self._waiting)
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
        head = peek(accepted)
        if not is_predict(head):
            self._serve(listener, accepted, address)
            return
        waiting = waiting_connections(listener.sock)
        if self._admission.refuses(waiting):
            self._refuse(accepted, address, head, waiting)
            return
        start = time.monotonic()
        self._serve(listener, accepted, address)
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

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer what could not be parsed, or what the application did not."""
        self._metrics.unparsed()
        super().handle_error(req, client, addr, exc)

    def _waiting(self) -> int:
        return sum(waiting_connections(listener.sock) for listener in self.sockets)

    def _serve(self, listener: Any, accepted: socket.socket, address: Any) -> None:
        connection = Connection(fileno=accepted.detach())
        connection.lingering = self._lingering
        connection.setblocking(True)
        self.handle(listener, connection, address)

    def _refuse(self, connection: socket.socket, address: Any, head: bytes, waiting: int) -> None:
        refusal = overloaded(head, self._admission.retry_after_s(waiting), self._cors_origins)
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
