"""The end of a listener: who waits in its queue is answered, who calls now is not let in.

The kernel resets what still waits when the last process closes a listener. Those connections were accepted as far as
their callers can tell, and may have sent their whole request.
"""

import ctypes
import logging
import select
import socket
import struct
import time
from collections.abc import Callable, Iterable
from typing import Any

log = logging.getLogger(__name__)

_SO_ATTACH_FILTER = 26  # <asm-generic/socket.h>; Python's socket module has no name for it
_FLAGS_BYTE, _SYN = 13, 0x02  # of a TCP header
# A classic BPF program (<linux/filter.h>): code, jump if true, jump if false, operand. It drops segments with SYN, so
# that no connection begins, and keeps the others, so that one whose handshake is under way still comes to the queue.
_NO_NEW_CONNECTION = (
    (0x30, 0, 0, _FLAGS_BYTE),  # load byte
    (0x45, 0, 1, _SYN),  # any of these bits set?
    (0x06, 0, 0, 0),  # drop
    (0x06, 0, 0, 0xFFFFFFFF),  # keep
)
_HANDSHAKE_S = 0.1  # that an empty queue is watched for what was under way


def let_nobody_in(listener: socket.socket) -> None:
    """Begin no connection any more, for every process that has *listener*; where the kernel refuses, the log says so.

    A caller's kernel tries again after a second: by then the port refuses, or belongs to the next service.
    """
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        return  # a Unix socket's connections are whole at once
    program = b"".join(struct.pack("@HBBI", *step) for step in _NO_NEW_CONNECTION)
    held = ctypes.create_string_buffer(program, len(program))
    fprog = struct.pack("@HP", len(_NO_NEW_CONNECTION), ctypes.addressof(held))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, fprog)
    except OSError as error:
        log.warning("who calls from now on may be reset: the kernel takes no filter (%s)", error)


def answer_those_who_wait(listeners: Iterable[Any], accept: Callable[[Any], None], give_up: float) -> None:
    """Call *accept* for each of Gunicorn's *listeners* until it holds nobody, at most until *give_up* (monotonic).

    Siblings do the same with the same queue, one connection at a time.
    """
    for listener in listeners:
        let_nobody_in(listener.sock)
        while time.monotonic() < give_up and _is_called(listener):
            try:
                accept(listener)
            except (BlockingIOError, ConnectionAbortedError):
                continue  # a sibling was quicker, or the caller has left


def _is_called(listener: Any) -> bool:
    return bool(select.select([listener], [], [], _HANDSHAKE_S)[0])
