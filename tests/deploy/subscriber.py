"""Callers from IPv6 addresses, in a network of their own; prints what each was answered. Run by test_limits.py.

unshare --net python -m tests.deploy.subscriber FOLDER ADDRESS...
"""

import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.deploy.fake_hosts import Front, host
from tests.deploy.plain_words import say

_WORDS = "POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def _main(folder: str, *addresses: str) -> None:
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    for address in addresses:
        subprocess.run(["ip", "-6", "addr", "add", f"{address}/64", "dev", "lo"], check=True)
    with ExitStack() as stack:
        nginx = Front(stack, Path(folder)).of(host(), REQUESTS_PER_S="1", REQUESTS_BURST="2")
        print(*(say(nginx, _WORDS, source=address, host=address).status for address in addresses))


if __name__ == "__main__":
    _main(*sys.argv[1:])
