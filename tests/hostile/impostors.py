"""Files that are something else, something else as well, or nothing at all."""

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator

from tests.hostile.file import BROKEN, FORMAT, OK, HostileFile
from tests.hostile.jpegs import BASELINE, segment
from tests.hostile.pngs import PLAIN
from tests.pictures import chunk, encode, photo_like

_SCRIPT = b"<!DOCTYPE html><script>alert(1)</script>"
_HEIF = ("heic", "heix", "hevc", "hevx", "heim", "heis", "mif1", "msf1", "avif", "avis")


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("page.html", _SCRIPT)
    return out.getvalue()


POLYGLOTS = [
    ("JPEG and ZIP", BASELINE + _zip()),
    ("PNG and ZIP", PLAIN + _zip()),
    ("JPEG and page", BASELINE[:2] + segment(0xFE, _SCRIPT) + BASELINE[2:]),
    ("PNG and page", PLAIN[:33] + chunk(b"tEXt", b"a\0" + _SCRIPT) + PLAIN[33:]),
    ("PNG and page behind it", PLAIN + _SCRIPT),
    ("JPEG and PDF", BASELINE[:2] + segment(0xFE, b"%PDF-1.4\n1 0 obj") + BASELINE[2:] + b"%%EOF"),
    ("JPEG and PHP", BASELINE[:2] + segment(0xFE, b"<?php system($_GET['x']); ?>") + BASELINE[2:]),
    ("JPEG and a second JPEG", BASELINE + BASELINE),
    ("JPEG and PNG", BASELINE + PLAIN),
    ("PNG and JPEG", PLAIN + BASELINE),
    ("JPEG and 5 MB of noughts", BASELINE + bytes(5 << 20)),
    ("PNG and 5 MB of noughts", PLAIN + bytes(5 << 20)),
    ("JPEG and a film", BASELINE + struct.pack(">I", 32) + b"ftypmp42" + bytes(100_000)),
    ("JPEG and 5,000 scans behind its end", BASELINE + b"\xff\xda\0\x08\1\1\0\x3f\x3f\0" * 5_000),
]

FOREIGN = [
    ("nothing", b""),
    ("one byte", b"\xff"),
    ("two bytes", b"\xff\xd8"),
    ("noughts", bytes(100_000)),
    ("text", b"I am a photo, honestly." * 100),
    ("a page", _SCRIPT),
    ("SVG", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    ("XML that names other files", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'),
    ("GIF", encode(photo_like(8, 8), "GIF")),
    ("GIF and script", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"),
    ("BMP", encode(photo_like(8, 8), "BMP")),
    ("TIFF", encode(photo_like(8, 8), "TIFF")),
    ("big-endian TIFF", b"MM\0*\0\0\0\x08" + bytes(100)),
    ("PPM", encode(photo_like(8, 8), "PPM")),
    ("ICO", encode(photo_like(16, 16), "ICO")),
    ("JPEG 2000", b"\0\0\0\x0cjP  \r\n\x87\n" + bytes(100)),
    ("JPEG XL", b"\xff\x0a" + bytes(100)),
    ("WebP", encode(photo_like(8, 8), "WEBP")),
    ("WebP of 16,383 x 16,383", b"RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xfe\x3f\0\xfe\x3f\0"),
    ("RIFF of another kind", b"RIFF\x24\0\0\0WAVEfmt " + bytes(100)),
    ("PSD", b"8BPS\0\1" + bytes(100)),
    ("PostScript", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n"),
    ("PDF", b"%PDF-1.4\n"),
    ("ZIP", _zip()),
    ("gzip", gzip.compress(BASELINE, mtime=0)),
    ("a program", b"\x7fELF\2\1\1" + bytes(200)),
    ("a pickle", b"cos\nsystem\n(S'true'\ntR."),
    ("a MNG", b"\x8aMNG\r\n\x1a\n" + bytes(100)),
    ("a data URL", b"data:image/jpeg;base64,/9j/4AAQSkZJRg=="),
    ("a name", b"../../../../etc/passwd"),
    ("a film", struct.pack(">I", 24) + b"ftypmp42" + bytes(100)),
    *((f"HEIF of the brand {brand}", struct.pack(">I", 24) + b"ftyp" + brand.encode() + bytes(100)) for brand in _HEIF),
]  # fmt: skip


def impostors() -> Iterator[HostileFile]:
    """Every one of them."""
    for name, content in POLYGLOTS:
        yield HostileFile(name, content, (OK,))
    for name, content in FOREIGN:
        yield HostileFile(name, content, (FORMAT,))
    yield HostileFile("PNG under a JPEG's magic", b"\xff\xd8\xff" + PLAIN, BROKEN)
    yield HostileFile("JPEG under a PNG's magic", PLAIN[:8] + BASELINE, BROKEN)
