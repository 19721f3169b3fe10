"""Hostile files that begin like a PNG."""

import struct
import zlib
from collections.abc import Iterator

from PIL import Image, PngImagePlugin

from tests.hostile.file import BROKEN, CORRUPT, FORMAT, OK, PIXELS, TRUNCATED, HostileFile, cut, flipped
from tests.pictures import chunk, encode, ihdr, photo_like, png

_MAGIC_BYTES, _HEADER_END = 8, 33


def _base(**options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("title", "a title")
    text.add_text("story", "a long story" * 20, zip=True)
    text.add_itxt("more", "another", "de", "mehr")
    picture = Image.fromarray(photo_like(64, 96))
    return encode(picture, "PNG", exif=exif, pnginfo=text, icc_profile=b"profile" * 40, dpi=(72, 72), **options)


PLAIN = _base()
ANIMATED = _base(save_all=True, append_images=[Image.fromarray(photo_like(64, 96, seed)) for seed in (1, 2)])
IDAT = chunk(b"IDAT", zlib.compress(bytes(65)))  # 8 x 8 grey pixels, one byte too few
PIXELS_8 = chunk(b"IDAT", zlib.compress(bytes(72)))


def _chunks(content: bytes) -> list[tuple[int, bytes, int]]:
    """Where each chunk begins, its name, and where it ends."""
    found, at = [], _MAGIC_BYTES
    while at < len(content):
        length, name = struct.unpack_from(">I4s", content, at)
        found.append((at, name, at + 12 + length))
        at += 12 + length
    return found


def _with(*chunks: bytes, base: bytes = PLAIN) -> bytes:
    """The good file with more chunks behind its header."""
    return base[:_HEADER_END] + b"".join(chunks) + base[_HEADER_END:]


def _after_pixels(*chunks: bytes) -> bytes:
    return PLAIN[:-12] + b"".join(chunks) + PLAIN[-12:]


def _grey(*chunks: bytes) -> bytes:
    """8 x 8 grey pixels behind *chunks*."""
    return png(ihdr(8, 8), *chunks, PIXELS_8)


def _bomb(megabytes: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def _fctl(number: int, width: int = 8, height: int = 8, left: int = 0) -> bytes:
    return chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, width, height, left, 0, 1, 1, 0, 0))


def _frames(count: int) -> bytes:
    parts = [_fctl(0), PIXELS_8]
    for number in range(1, count):
        parts += [_fctl(2 * number - 1), chunk(b"fdAT", struct.pack(">I", 2 * number) + PIXELS_8[8:-4])]
    return png(ihdr(8, 8), chunk(b"acTL", struct.pack(">II", count, 0)), *parts)


_ACTL = chunk(b"acTL", struct.pack(">II", 2, 0))

LIES = [
    *((f"{width} x {height} pixels", png(ihdr(width, height), IDAT), outcomes) for width, height, outcomes in (
        (0, 0, BROKEN), (0, 8, BROKEN), (8, 0, BROKEN), (8_000, 8_001, (PIXELS,)), (100_000, 100_000, (PIXELS,)),
        (1, 0xFFFFFFFF, (PIXELS,)), (0xFFFFFFFF, 0xFFFFFFFF, (PIXELS,)), (0x7FFFFFFF, 1, (PIXELS,)),
        (8, 1_000_000, BROKEN), (64_000_000, 1, BROKEN),
    )),
    *((f"depth {depth} of colour {colour}", png(ihdr(8, 8, depth, colour), PIXELS_8), BROKEN) for depth, colour in (
        (0, 0), (3, 0), (32, 0), (1, 2), (16, 3), (1, 6), (8, 1), (8, 7), (255, 255),
    )),
    ("an unknown interlacing", png(ihdr(8, 8, interlace=7), PIXELS_8), (OK, *BROKEN)),
    ("an unknown packing", png(ihdr(8, 8)[:10] + b"\1\0\0", PIXELS_8), (OK, *BROKEN)),
    ("an unknown filtering", png(ihdr(8, 8)[:11] + b"\1\0", PIXELS_8), BROKEN),
    ("a row's filter 9", png(ihdr(8, 8), chunk(b"IDAT", zlib.compress(b"\x09" * 72))), BROKEN),
    ("a short header", png(ihdr(8, 8)[:9], PIXELS_8), BROKEN),
    ("a long header", png(ihdr(8, 8) + bytes(1000), PIXELS_8), (OK, CORRUPT)),
    ("no header", PLAIN[:8] + PLAIN[_HEADER_END:], BROKEN),
    ("two headers", _with(PLAIN[8:_HEADER_END]), (OK, CORRUPT)),
    ("two headers of other sizes", _with(chunk(b"IHDR", ihdr(9_000, 9_000))), (PIXELS, CORRUPT)),
    ("no pixels", png(ihdr(8, 8)), BROKEN),
    ("empty pixels", png(ihdr(8, 8), chunk(b"IDAT")), BROKEN),
    ("too few pixels", png(ihdr(8, 8), IDAT), BROKEN),
    ("too many pixels", png(ihdr(8, 8), chunk(b"IDAT", zlib.compress(bytes(100_000)))), (OK, *BROKEN)),
    ("200 MB behind 64 pixels", png(ihdr(8, 8), chunk(b"IDAT", _bomb(200))), (OK, *BROKEN)),
    ("pixels that zlib can't read", png(ihdr(8, 8), chunk(b"IDAT", b"garbage" * 30)), BROKEN),
    ("pixels with another checksum", png(ihdr(8, 8), chunk(b"IDAT", zlib.compress(bytes(72))[:-4] + b"abcd")),
     (OK, *BROKEN)),
    ("pixels in parts of a byte", png(ihdr(8, 8), *(chunk(b"IDAT", bytes([b])) for b in zlib.compress(bytes(72)))),
     (OK,)),
    ("100,000 empty parts of pixels", png(ihdr(8, 8), chunk(b"IDAT") * 100_000, PIXELS_8), (OK, *BROKEN)),
    ("a chunk between the pixels", png(ihdr(8, 8), PIXELS_8[:8] + PIXELS_8[8:], chunk(b"tEXt", b"a\0b"), PIXELS_8),
     (OK,)),
    *((f"a chunk of {length:,} bytes", PLAIN[:_HEADER_END] + struct.pack(">I", length) + b"teXt" + PLAIN[41:], BROKEN)
      for length in (1 << 20, 0x7FFFFFFF, 0xFFFFFFFF)),
    ("a chunk without a name", _with(chunk(b"\0\0\0\0")), BROKEN),
    ("a chunk named in other letters", _with(chunk("ÄÖ".encode())), BROKEN),
    ("a chunk that is a method of Pillow's", _with(chunk(b"size")), (OK, CORRUPT)),
    ("a critical chunk that nobody knows", _with(chunk(b"ABCD", b"data")), (OK, CORRUPT)),
    ("1,001 chunks of its own", _with(chunk(b"prVt") * 1_001), (CORRUPT,)),
    ("800,000 chunks of its own", _with(chunk(b"prVt") * 800_000), (CORRUPT,)),
    ("1,001 chunks behind the pixels", _after_pixels(chunk(b"prVt") * 1_001), (CORRUPT,)),
    ("a text of 100 MB", _with(chunk(b"zTXt", b"a\0\0" + _bomb(100))), (CORRUPT,)),
    ("an international text of 100 MB", _with(chunk(b"iTXt", b"a\0\1\0\0\0" + _bomb(100))), (CORRUPT,)),
    ("90 texts of 1 MB", _with(*(chunk(b"zTXt", b"%d\0\0" % n + zlib.compress(bytes(1_000_000))) for n in range(90))),
     (CORRUPT,)),
    ("a text of 100 MB behind the pixels", _after_pixels(chunk(b"zTXt", b"a\0\0" + _bomb(100))), (OK, CORRUPT)),
    ("a profile of 100 MB", _with(chunk(b"iCCP", b"a\0\0" + _bomb(100))), (CORRUPT,)),
    ("900 profiles of 1 MB", _with(chunk(b"iCCP", b"a\0\0" + _bomb(1)[:-8]) * 900), (OK, CORRUPT)),
    ("no palette", png(ihdr(8, 8, colour=3), PIXELS_8), (OK, *BROKEN)),
    ("a palette of 1 byte", png(ihdr(8, 8, colour=3), chunk(b"PLTE", b"a"), PIXELS_8), (OK, *BROKEN)),
    ("a palette of 100,000 colours", png(ihdr(8, 8, colour=3), chunk(b"PLTE", bytes(300_000)), PIXELS_8),
     (OK, *BROKEN)),
    ("transparency for more colours than there are",
     png(ihdr(8, 8, colour=3), chunk(b"PLTE", bytes(6)), chunk(b"tRNS", bytes(1000)), PIXELS_8), (OK, *BROKEN)),
    ("transparency before the palette",
     png(ihdr(8, 8, colour=3), chunk(b"tRNS", bytes(2)), chunk(b"PLTE", bytes(6)), PIXELS_8), (OK, *BROKEN)),
    ("transparency of no bytes", _grey(chunk(b"tRNS")), BROKEN),
    *((f"a text named {key}, as Pillow does", _with(chunk(b"tEXt", key.encode() + b"\0x")), (OK, *BROKEN))
      for key in ("transparency", "bbox", "interlace", "icc_profile", "exif", "xmp")),
    ("transparency of a shade that 8 bits can't have", _grey(chunk(b"tRNS", b"\xff\xff")), (OK, CORRUPT)),
    *((f"a short {name.decode()}", _with(chunk(name, b"a")), BROKEN) for name in (b"gAMA", b"cHRM", b"pHYs", b"acTL")),
    ("an empty sRGB", _with(chunk(b"sRGB")), BROKEN),
    ("an animation of no pictures", _with(chunk(b"acTL", bytes(8))), (OK,)),
    ("an animation of 4 billion pictures", _grey(chunk(b"acTL", b"\xff" * 8), _fctl(0)), (OK, *BROKEN)),
    ("an animation of 5,000 pictures", _frames(5_000), (OK,)),
    ("an animation announced twice", _grey(_ACTL, _ACTL, _fctl(0)), (OK, *BROKEN)),
    ("an animation's picture wider than the file", _grey(_ACTL, _fctl(0, width=9)), BROKEN),
    ("an animation's picture beside the file", _grey(_ACTL, _fctl(0, left=8)), BROKEN),
    ("an animation's picture of no size", _grey(_ACTL, _fctl(0, width=0)), BROKEN),
    ("an animation out of order", _grey(_ACTL, _fctl(7)), BROKEN),
    ("an animation's picture without its header",
     png(ihdr(8, 8), _ACTL, chunk(b"fdAT", bytes(4) + PIXELS_8[8:-4])), (OK, *BROKEN)),
    ("an animation's picture of 2 bytes", png(ihdr(8, 8), _ACTL, _fctl(0), chunk(b"fdAT", b"ab")), BROKEN),
    ("30,000 headers of pictures", _grey(_ACTL, *(_fctl(number) for number in range(30_000))), (OK, *BROKEN)),
    ("its end first", PLAIN[:_HEADER_END] + chunk(b"IEND") + PLAIN[_HEADER_END:], BROKEN),
    ("no end", PLAIN[:-12], (OK, TRUNCATED)),
    ("a wrong checksum of the header", PLAIN[:29] + b"abcd" + PLAIN[33:], (CORRUPT,)),
    ("only the magic", PLAIN[:8], (TRUNCATED,)),
    ("the magic and noughts", PLAIN[:8] + bytes(10_000), BROKEN),
    ("line ends translated", PLAIN.replace(b"\r\n", b"\n"), (FORMAT,)),
    ("its seventh bit lost", b"\x09" + PLAIN[1:], (FORMAT,)),
]  # fmt: skip

EXIF = b"MM\0*\0\0\0\x08"
STRANGE_METADATA = [
    ("EXIF of no bytes", chunk(b"eXIf")),
    ("EXIF of garbage", chunk(b"eXIf", b"garbage" * 1000)),
    ("EXIF with 65,535 tags over each other",
     chunk(b"eXIf", EXIF + b"\xff\xff" + b"".join(struct.pack(">HHLL", n, 7, 700_000, 8) for n in range(65_535)))),
    ("EXIF of 5 MB", chunk(b"eXIf", EXIF + bytes(5 << 20))),
    ("EXIF in a text", chunk(b"tEXt", b"Raw profile type exif\0\nexif\n8\n4d4d002a00000008")),
    ("EXIF in a text of garbage", chunk(b"tEXt", b"Raw profile type exif\0\n\n\n" + b"zz" * 1000)),
    ("XMP of garbage", chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b"<tiff:Orientation>" * 3000)),
    ("a text without a key", chunk(b"tEXt", b"\0value")),
    ("a text of no bytes", chunk(b"tEXt")),
    ("a text that zlib can't read", chunk(b"zTXt", b"a\0\0garbage")),
    ("an international text of two bytes", chunk(b"iTXt", b"a\0")),
    ("an international text in no UTF-8", chunk(b"iTXt", b"a\0\0\0\xff\0\xff\0\xff")),
    ("a profile of garbage", chunk(b"iCCP", b"a\0\0garbage")),
    ("a profile that holds itself", chunk(b"iCCP", b"a\0\0" + zlib.compress(zlib.compress(b"a\0\0" * 1000)))),
    ("a gamma of 0", chunk(b"gAMA", bytes(4))),
]  # fmt: skip


def pngs() -> Iterator[HostileFile]:
    """Every one of them."""
    for name, base in (("PNG", PLAIN), ("animated PNG", ANIMATED)):
        ends = [end for at, _, to in _chunks(base)[:-1] for end in ((at + to) // 2, to)]
        first_picture = next(at for at, name, _ in _chunks(base) if name == b"IDAT")
        yield from cut(name, base, [end for end in ends if end <= first_picture + 8])
        yield from (
            HostileFile(f"{name} cut at {end}", base[:end], (OK, TRUNCATED)) for end in ends if end > first_picture + 8
        )
        yield from flipped(name, base, 32)
    for name, metadata in STRANGE_METADATA:
        yield HostileFile(f"PNG, {name}", _with(metadata), (OK,))
    for name, content, outcomes in LIES:
        yield HostileFile(f"PNG, {name}", content, outcomes)
