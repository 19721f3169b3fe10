"""Several hosts on one machine: network namespaces, each on a cable of its own to a switch of ours."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count

import pytest

_NET = f"10.{200 + os.getpid() % 50}.{os.getpid() // 50 % 250}"  # another one for each process that tests
_times = count()
SWITCH = f"{_NET}.1"  # the address of the machine itself


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@dataclass(frozen=True)
class Host:
    """One namespace, its address, and the machine's end of its cable."""

    name: str
    address: str
    cable: str

    @property
    def prefix(self) -> tuple[str, ...]:
        """What a command begins with that is to run there."""
        return ("ip", "netns", "exec", self.name)

    def cut_off(self) -> None:
        _ip("link", "set", self.cable, "down")

    def connect(self) -> None:
        _ip("link", "set", self.cable, "up")


@contextmanager
def hosts(count: int) -> Iterator[list[Host]]:
    """Make so many; skip where this user or machine can't."""
    tag = f"{os.getpid()}x{next(_times)}"  # a name is free again only a while after its end
    with ExitStack() as stack:
        try:
            switch = f"tt{tag}"
            _ip("link", "add", switch, "type", "bridge")
            stack.callback(_ip, "link", "del", switch)
            _ip("addr", "add", f"{SWITCH}/24", "dev", switch)
            _ip("link", "set", switch, "up")
            made = [_host(stack, f"t{tag}n{number}", switch, f"{_NET}.{number + 2}") for number in range(count)]
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"needs to make network namespaces (Debian: iproute2, and root): {error}")
        yield made


def _host(stack: ExitStack, name: str, switch: str, address: str) -> Host:
    _ip("netns", "add", name)
    stack.callback(_ip, "netns", "del", name)
    host = Host(name, address, f"{name}c")
    _ip("link", "add", host.cable, "type", "veth", "peer", "name", "eth0", "netns", name)
    _ip("link", "set", host.cable, "master", switch, "up")
    _ip("-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
    _ip("-n", name, "link", "set", "eth0", "up")
    return host
