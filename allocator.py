"""What the C library does with memory that is freed: keeps it for the next picture instead of giving it back.

Each picture, tensor and body is larger than what glibc keeps by default, so each would be mapped, filled with zeros
page by page, and unmapped again. For a 500 x 375 photo that was 560 page faults and a third of the time of decoding it
(2.8 ms, 1.8 without), for 12 megapixels 2,350 faults and 5 ms of 37 (two cores of a virtual AMD EPYC; ADR 8).
"""

import ctypes

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3  # <malloc.h>
# Freed memory at the end of the heap that is kept, and from what size on an allocation is mapped by itself and given
# back when it is freed. The former is what a worker may weigh more; photos of phones fit into it.
KEPT_BYTES = 16 << 20
_STEP_BYTES = 1 << 20  # by how much the heap grows


def keep_freed_memory() -> None:
    """Set it for this process; nothing where the C library is not glibc."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(_M_TOP_PAD, _STEP_BYTES)
