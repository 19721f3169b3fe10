"""Callers who send a byte a second for ever: some of a head, some of a body. Run as a process of its own, elsewhere.

python -m tests.deploy.tricklers PORT HEADS BODIES; it says `ready` when all have begun.
"""

import asyncio
import itertools
import ssl
import sys

_ADDRESSES = 50  # so that nginx's limit for one lets all of them in
_PAUSE_S = 1.0
_HEAD = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
_BODY = _HEAD + b"Content-Type: image/jpeg\r\nContent-Length: 1000000\r\n\r\n"


class Crowd:
    """So many who begin again whenever they are cut off."""

    def __init__(self, port: int, count: int) -> None:
        self._port, self._missing = port, count
        self._context = ssl.create_default_context()
        self._context.check_hostname, self._context.verify_mode = False, ssl.CERT_NONE
        self._addresses = itertools.cycle(f"127.0.2.{number + 1}" for number in range(_ADDRESSES))

    async def trickle(self, words: bytes, *, is_head: bool) -> None:
        """Send *words*, then bytes, until cut off; and again."""
        has_begun = False
        while True:
            try:
                source = next(self._addresses), 0
                _, writer = await asyncio.open_connection("127.0.0.1", self._port, ssl=self._context, local_addr=source)
                writer.write(words)
                if not has_begun:
                    has_begun, self._missing = True, self._missing - 1
                    if self._missing == 0:
                        print("ready", flush=True)
                while not writer.is_closing():
                    await asyncio.sleep(_PAUSE_S)
                    writer.write(b"X-A: a\r\n" if is_head else b"x")
                    await writer.drain()
            except OSError:
                await asyncio.sleep(_PAUSE_S)


async def _main(port: int, heads: int, bodies: int) -> None:
    crowd = Crowd(port, heads + bodies)
    async with asyncio.TaskGroup() as group:
        for number in range(heads + bodies):
            is_head = number < heads
            group.create_task(crowd.trickle(_HEAD if is_head else _BODY, is_head=is_head))


if __name__ == "__main__":
    asyncio.run(_main(*map(int, sys.argv[1:])))
