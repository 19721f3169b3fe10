"""upload -> how many parts its file has: segments and scans of a JPEG, chunks of a PNG. Only walked, not decoded.

Each part costs Pillow time, whatever it holds, and some cost it by all that came before. 10 MB of small EXIF segments
take it 33 s, of repeated ICC profiles 20 s, of empty scans over an hour: 43 ms each for 64 megapixels, in C, where
nothing interrupts it (measured). Real files have some tens of parts and some ten scans.
"""

import re
import struct

from preprocessing.errors import CorruptImage

MOST_PARTS = 1_000  # of a JPEG before its pixels; of a PNG, besides its pixels
MOST_SCANS = 50  # 2 s for 64 megapixels; libjpeg writes 10, mozjpeg up to 14

_EOI, _SOS = 0xD9, 0xDA
_BARE = {0x01, *range(0xD0, 0xDA)}  # markers without a length: TEM, RST0 to RST7, SOI, EOI
_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # SOF0 to SOF15
_PROGRESSIVE = {0xC2, 0xC6, 0xCA, 0xCE}
_MARKER = re.compile(rb"\xff([\x01-\xfe])")
_MARKER_IN_SCAN = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # RST0 to RST7 stand among the pixels
_PIXEL_CHUNKS = {b"IDAT", b"fdAT", b"fcTL"}  # as many as an encoder likes: they cost 1 µs each


def count_scans(upload: bytes, kind: str) -> int:
    """Return how many scans build up the picture: 1 but for a progressive or otherwise divided JPEG.

    Raises: CorruptImage: it has more scans, or more other parts, than any real file.
    """
    if kind == "jpeg":
        return _jpeg_scans(upload)
    if kind == "png" and _chunks(upload) > MOST_PARTS:
        raise CorruptImage(f"The PNG has more than {MOST_PARTS:,} chunks besides its pixels.")
    return 1


def _jpeg_scans(upload: bytes) -> int:
    at, layers, progressive = 2, b"", False
    for _ in range(MOST_PARTS):
        found = _MARKER.search(upload, at)
        if found is None:
            return 1  # no picture at all, as Pillow will say
        code, at = found[1][0], found.end()
        if code in _FRAMES:
            layers, progressive = upload[at + 7 : at + 8], code in _PROGRESSIVE
        elif code == _SOS:
            whole = not progressive and upload[at + 2 : at + 3] == layers
            return 1 if whole else _later_scans(upload, _after(upload, code, at)) + 1
        at = _after(upload, code, at)
    raise CorruptImage(f"The JPEG has more than {MOST_PARTS:,} segments before its pixels.")


def _later_scans(upload: bytes, at: int) -> int:
    count = 0
    while (found := _MARKER_IN_SCAN.search(upload, at)) and found[1][0] != _EOI:
        code, at = found[1][0], found.end()
        count += code == _SOS
        if count >= MOST_SCANS:
            raise CorruptImage(f"The JPEG has more than {MOST_SCANS} scans.")
        at = _after(upload, code, at)
    return count


def _after(upload: bytes, code: int, at: int) -> int:
    """Return where the segment of *code* ends whose length, if any, stands at *at*."""
    return at if code in _BARE else at + max(2, int.from_bytes(upload[at : at + 2], "big"))


def _chunks(upload: bytes) -> int:
    at, count = 8, 0
    while at + 8 <= len(upload) and count <= MOST_PARTS:
        length, name = struct.unpack_from(">I4s", upload, at)
        if name == b"IEND":
            break
        count += name not in _PIXEL_CHUNKS
        at += 12 + length
    return count
