"""From where a server can be reached."""

from collections.abc import Iterable

from setting_types import is_loopback


def reachable(addresses: Iterable[object]) -> str:
    """Return those of *addresses* (pairs of host and port, or Unix sockets) that other machines reach, as text."""
    found = [address for address in addresses if isinstance(address, tuple) and not is_loopback(str(address[0]))]
    return ", ".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port, *_ in found)
