"""Three hosts, each with a web service of its own, and nginx in front of them."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.tree import tree
from tests.deploy.proxy import Proxy, proxy
from tests.e2e.hosts import Host, hosts
from tests.e2e.server import STOP_S, Server, running
from tests.served import mobilenet

PORT = "5000"
_AS_IN_A_CONTAINER = ("setpriv", "--bounding-set", "-all")  # root's files, and none of root's other rights
# The hosts share this machine's cores, as they would not in life: a start takes of them what the others leave.
_ELSEWHERE = ("nice", "-n", "19")


class Fleet:
    """The hosts and what runs there now."""

    def __init__(self, stack: ExitStack, folder: Path, cache: Path, machines: list[Host]) -> None:
        self.machines = machines
        self._stack, self._folder = stack, folder
        self._settings = mobilenet(cache) | {"WORKERS": "1", "TRUSTED_PROXIES": "1", "DRAIN_S": "1", "PORT": PORT}
        self._starts = 0
        self.services = [self._start(machine) for machine in machines]
        addresses = [f"{machine.address}:{PORT}" for machine in machines]
        self.nginx: Proxy = stack.enter_context(proxy(folder / "nginx", addresses))

    def _start(self, machine: Host) -> Server:
        self._starts += 1
        log = self._folder / f"log{self._starts}"
        prefix = (*machine.prefix, *_AS_IN_A_CONTAINER, *_ELSEWHERE)
        service = self._stack.enter_context(running(log, prefix=prefix, HOST=machine.address, **self._settings))
        _take_part(service.process.pid)
        return service

    def restart(self, number: int) -> None:
        """As a supervisor does: end it in order, start it again, wait until it serves."""
        process = self.services[number].process
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
        self.services[number] = self._start(self.machines[number])
        assert self.services[number].get("/readyz").status_code == 200

    def done(self, number: int) -> int:
        """How many requests the service that runs there has answered with labels."""
        events = self.services[number].events("request")
        return sum(event["status"] == 200 and event["path"] == "/predict" for event in events)


def _take_part(pid: int) -> None:
    """It serves: from now on it has as good a right to the cores as the others."""
    for process in tree(pid):
        for thread in Path(f"/proc/{process}/task").iterdir():
            os.setpriority(os.PRIO_PROCESS, int(thread.name), 0)


@contextmanager
def fleet(folder: Path, cache: Path) -> Iterator[Fleet]:
    """Run three; skip where network namespaces can't be made."""
    with hosts(3) as machines, ExitStack() as stack:
        yield Fleet(stack, folder, cache, machines)
