"""Callers from IPv6 addresses, in a network of their own; prints what each was answered. Run by test_limits.py.

unshare --net python -m tests.deploy.subscriber FOLDER ADDRESS...
"""

import http.client
import socket
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.deploy.fake_hosts import Front, host
from tests.deploy.proxy import Proxy

_WORDS = b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def _status(nginx: Proxy, address: str) -> int:
    context = nginx.context()
    context.check_hostname = False  # the certificate is for localhost
    plain = socket.create_connection((address, nginx.port), 60, (address, 0))
    with context.wrap_socket(plain) as connection:
        connection.sendall(_WORDS)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status


def _main(folder: str, *addresses: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "-6", "addr", "add", f"{address}/64", "dev", "lo"], check=True)
    with ExitStack() as stack:
        nginx = Front(stack, Path(folder)).of(host(), REQUESTS_PER_S="1", REQUESTS_BURST="2")
        print(*(_status(nginx, address) for address in addresses))


if __name__ == "__main__":
    _main(*sys.argv[1:])
