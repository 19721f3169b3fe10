"""Hostile files that begin like a JPEG."""

import struct
from collections.abc import Iterator

from PIL import Image

from tests.hostile.file import BROKEN, CORRUPT, FORMAT, OK, PIXELS, TRUNCATED, HostileFile, cut, flipped
from tests.pictures import encode, photo_like

EXIF_HEAD = b"Exif\0\0MM\0*\0\0\0\x08"


def segment(code: int, data: bytes = b"") -> bytes:
    """One segment of a JPEG."""
    return struct.pack(">BBH", 0xFF, code, len(data) + 2) + data


def _base(**options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = Image.fromarray(photo_like(64, 96))
    return encode(picture, "JPEG", exif=exif, icc_profile=b"profile" * 40, comment=b"a comment", **options)


BASELINE, PROGRESSIVE = _base(), _base(progressive=True)


def _ends(content: bytes) -> list[int]:
    """Where each segment ends, and the middle of each; for what follows a scan's header, the middle of its data."""
    ends, at = [], 2
    while (at := content.find(b"\xff", at)) >= 0 and at + 4 < len(content):
        code = content[at + 1]
        if code in (0, 0xD9):
            at += 2
            continue
        length = int.from_bytes(content[at + 2 : at + 4], "big")
        ends += [at + 2 + length // 2, at + 2 + length]
        at += 2 + length
    return [*ends, (ends[-1] + len(content)) // 2, len(content) - 2]


def _with(*segments: bytes, base: bytes = BASELINE) -> bytes:
    """The good file with more segments at its beginning."""
    return base[:2] + b"".join(segments) + base[2:]


def _patched(code: int, offset: int, data: bytes, base: bytes = BASELINE) -> bytes:
    """The good file with *data* at *offset* of the first segment of *code* (0: its length)."""
    at = base.index(bytes((0xFF, code))) + 2 + offset
    return base[:at] + data + base[at + len(data) :]


def _without(code: int) -> bytes:
    base = BASELINE
    while (at := base.find(bytes((0xFF, code)))) >= 0:
        base = base[:at] + base[at + 2 + int.from_bytes(base[at + 2 : at + 4], "big") :]
    return base


def _tag(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack(">HHLL", tag, kind, count, value)


def exif(*tags: bytes, head: bytes = EXIF_HEAD, rest: bytes = b"") -> bytes:
    """An EXIF segment of tags that may be wrong."""
    return segment(0xE1, head + struct.pack(">H", len(tags)) + b"".join(tags) + rest)


STRANGE_METADATA = [
    ("EXIF of one byte", segment(0xE1, b"Exif\0\0M")),
    ("EXIF without a byte order", segment(0xE1, b"Exif\0\0XX\0*\0\0\0\x08\0\0")),
    ("EXIF whose directory lies beyond it", segment(0xE1, b"Exif\0\0MM\0*\xff\xff\xff\xff\0\1")),
    ("EXIF that announces 65,535 tags", segment(0xE1, EXIF_HEAD + b"\xff\xff" + _tag(0x0112, 3, 1, 6 << 16))),
    ("EXIF whose directory follows itself", exif(rest=struct.pack(">L", 8))),
    ("EXIF whose sub-directories are itself", exif(_tag(0x8769, 4, 1, 8), _tag(0x8825, 4, 1, 8))),
    ("EXIF with 5,000 tags over each other",
     exif(*(_tag(number, 7, 59_000, 8) for number in range(5_000)))),
    ("EXIF as big TIFF", exif(head=b"Exif\0\0MM\0+\0\0\0\x08")),
    ("EXIF twice in its head", exif(_tag(0x0112, 3, 1, 6 << 16), head=b"Exif\0\0Exif\0\0MM\0*\0\0\0\x08")),
    *((f"orientation {value}", exif(_tag(0x0112, 3, 1, value << 16))) for value in (0, 9, 65_535)),
    ("orientation as text", exif(_tag(0x0112, 2, 4, 0x36363600))),
    ("orientation as a fraction by 0", exif(_tag(0x0112, 5, 1, 26), rest=bytes(8))),
    ("orientation of 60,000 numbers", exif(_tag(0x0112, 3, 60_000, 8))),
    ("orientation as undefined bytes", exif(_tag(0x0112, 7, 4, 6))),
    ("resolution by 0", exif(_tag(0x0128, 3, 1, 2 << 16), _tag(0x011A, 5, 1, 38), rest=bytes(12))),
    ("1.2 MB of EXIF", segment(0xE1, EXIF_HEAD + bytes(65_000)) + segment(0xE1, b"Exif\0\0" + bytes(65_000)) * 18),
    ("XMP that is no XML", segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<tiff:Orientation>" + b"<" * 60_000)),
    ("XMP with another orientation", segment(0xE1, b'http://ns.adobe.com/xap/1.0/\0tiff:Orientation="8"')),
    ("ICC of garbage", segment(0xE2, b"ICC_PROFILE\0\1\1" + bytes(range(256)) * 200)),
    ("ICC of 255 parts, one sent", segment(0xE2, b"ICC_PROFILE\0\1\xff" + bytes(100))),
    ("ICC of part 0 of 0", segment(0xE2, b"ICC_PROFILE\0\0\0")),
    ("ICC whose parts repeat", segment(0xE2, b"ICC_PROFILE\0\1\2" + bytes(60_000)) * 30),
    ("ICC that holds itself", segment(0xE2, b"ICC_PROFILE\0\1\1" + b"ICC_PROFILE\0\1\1" * 4_000)),
    ("Photoshop blocks without end", segment(0xED, b"Photoshop 3.0\0" + b"8BIM\3\xed\0\0\xff\xff\xff\xff" * 5_000)),
    ("JFIF of two bytes", segment(0xE0, b"JF")),
    ("JFIF without a density", segment(0xE0, b"JFIF\0\1\1")),
    ("Adobe with an unknown transform", segment(0xEE, b"Adobe\0\x64\0\0\0\0\x09")),
    ("FlashPix", segment(0xE2, b"FPXR\0" + bytes(60_000))),
    ("MPF of garbage", segment(0xE2, b"MPF\0" + bytes(range(256)) * 10)),
    ("MPF of 4 billion pictures",
     segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\2" + _tag(0xB001, 4, 1, 0xFFFFFFFF) + _tag(0xB002, 7, 32, 8))),
    ("MPF whose pictures lie beyond the file",
     segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\2" + _tag(0xB001, 4, 1, 2) + _tag(0xB002, 7, 32, 38)
             + struct.pack(">LLLHH", 0x030000, 9, 0, 0, 0) + struct.pack(">LLLHH", 0, 9, 0xFFFFFFF0, 0, 0))),
    ("comments of 4 MB", segment(0xFE, bytes(65_000)) * 62),
]  # fmt: skip

_FRAME, _SCAN, _TABLES, _QUANT = 0xC0, 0xDA, 0xC4, 0xDB
_EMPTY_SCAN = segment(_SCAN, b"\1\1\0\x3f\x3f\0")

LIES = [
    ("0 x 0 pixels", _patched(_FRAME, 3, bytes(4)), BROKEN),
    ("no height, which DNL would tell", _patched(_FRAME, 3, b"\0\0"), BROKEN),
    ("65,535 x 65,535 pixels", _patched(_FRAME, 3, b"\xff\xff\xff\xff"), (PIXELS,)),
    ("more rows than it holds", _patched(_FRAME, 3, b"\x0f\xff"), (*BROKEN, OK)),
    ("fewer rows than it holds", _patched(_FRAME, 3, b"\0\x08"), (*BROKEN, OK)),
    ("12 bits a sample", _patched(_FRAME, 2, b"\x0c"), (CORRUPT,)),
    *((f"{layers} layers", _patched(_FRAME, 7, bytes([layers])), (CORRUPT,)) for layers in (0, 1, 2, 4, 5, 255)),
    ("sampling by 0", _patched(_FRAME, 9, b"\0"), (CORRUPT,)),
    ("sampling by 15", _patched(_FRAME, 9, b"\xff"), (CORRUPT,)),
    ("a quantisation table that is not there", _patched(_FRAME, 10, b"\3"), (CORRUPT,)),
    ("no quantisation table", _without(_QUANT), (CORRUPT,)),
    ("no Huffman table", _without(_TABLES), (*BROKEN, OK)),  # libjpeg-turbo then takes those of the standard
    ("ICC of 12 bytes", _with(segment(0xE2, b"ICC_PROFILE\0")), (OK, CORRUPT)),
    ("Adobe of five bytes", _with(segment(0xEE, b"Adobe")), (OK, CORRUPT)),
    ("no frame", _without(_FRAME), (CORRUPT,)),
    ("no scan", _without(_SCAN), BROKEN),
    ("two frames", _with(segment(_FRAME, b"\x08\0\1\0\1\1\1\x11\0")), (CORRUPT,)),
    *((f"a length of {length}", _patched(_QUANT, 0, length.to_bytes(2, "big")), BROKEN) for length in (0, 1, 65_535)),
    ("a Huffman table of 255 codes of one bit", _with(segment(_TABLES, b"\0\xff" + bytes(270))), (CORRUPT, OK)),
    ("quantisation by 0", _patched(_QUANT, 3, bytes(64)), (OK, CORRUPT)),
    ("a restart every pixel", _with(segment(0xDD, b"\0\1")), (*BROKEN, OK)),
    *((f"frame type {code:X}", _patched(_FRAME, -1, bytes([code])), (*BROKEN, OK))
      for code in (0xC1, 0xC2, 0xC3, 0xC5, 0xC7, 0xC9, 0xCA, 0xCB, 0xCF)),
    ("the first scan only of ten", PROGRESSIVE[: PROGRESSIVE.index(b"\xff\xda", 1000)] + b"\xff\xd9", (OK, TRUNCATED)),
    ("40 empty scans more", PROGRESSIVE[:-2] + _EMPTY_SCAN * 40 + b"\xff\xd9", (OK,)),
    ("5,000 empty scans more", PROGRESSIVE[:-2] + _EMPTY_SCAN * 5_000 + b"\xff\xd9", (CORRUPT,)),
    ("1,001 comments", _with(segment(0xFE) * 1_001), (CORRUPT,)),
    ("10 MB of EXIF in crumbs", _with(segment(0xE1, b"Exif\0\0" + bytes(10)) * 500_000), (CORRUPT,)),
    ("an unknown marker", _with(b"\xff\x02"), (CORRUPT,)),
    ("SOI three times", b"\xff\xd8" * 2 + BASELINE, (CORRUPT,)),
    ("EOI at once", _with(b"\xff\xd9"), (*BROKEN, OK)),
    ("SOI and EOI only", b"\xff\xd8\xff\xd9", (CORRUPT,)),
    ("SOI 10,000 times", b"\xff\xd8" * 10_000, BROKEN),
    ("1 MB of fill bytes", _with(b"\xff" * (1 << 20)), (OK,)),
    ("junk between segments", BASELINE[:20] + bytes(1000) + BASELINE[20:], (OK, CORRUPT)),
    ("only the magic", b"\xff\xd8\xff", BROKEN),
    ("the magic and noughts", b"\xff\xd8\xff" + bytes(10_000), BROKEN),
    ("text before the magic", b"GET / " + BASELINE, (FORMAT,)),
    ("a byte order mark before the magic", b"\xef\xbb\xbf" + BASELINE, (FORMAT,)),
    ("line ends translated", BASELINE.replace(b"\n", b"\r\n"), (OK, *BROKEN)),
    ("read as Latin-1 and written as UTF-8", BASELINE.decode("latin-1").encode(), (FORMAT,)),
    ("its second half before its first", BASELINE[:20] + BASELINE[800:] + BASELINE[20:800], (OK, *BROKEN)),
]  # fmt: skip


def jpegs() -> Iterator[HostileFile]:
    """Every one of them."""
    for name, base in (("baseline JPEG", BASELINE), ("progressive JPEG", PROGRESSIVE)):
        yield from cut(name, base, _ends(base))
        yield from flipped(name, base, 32)
    for name, metadata in STRANGE_METADATA:
        yield HostileFile(f"JPEG, {name}", _with(metadata), (OK,))
    for name, content, outcomes in LIES:
        yield HostileFile(f"JPEG, {name}", content, outcomes)
