"""upload -> name of its format, from its first bytes. A file's name is never looked at."""

from preprocessing.errors import UnsupportedFormat

FORMATS = ("jpeg", "png", "webp")  # what FORMATS may name
HEAD_BYTES = 32

# Brands of ISO base media files (ISO/IEC 14496-12, `ftyp` box) that phones write.
_HEIF_BRANDS = {b"avif": "AVIF", b"avis": "AVIF"} | dict.fromkeys(
    (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"), "HEIC"
)
_OTHERS = (
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"%PDF", "PDF"),
)


def sniff(upload: bytes, allowed: tuple[str, ...]) -> str:
    """Return which of *allowed* (names from `FORMATS`) the bytes are.

    Raises: UnsupportedFormat: they are none of them; HEIC, AVIF and other known formats are named.
    """
    head = upload[:HEAD_BYTES]
    found = _name(head)
    if found in allowed:
        return found
    wanted = " or ".join(name.upper() for name in allowed)
    if not upload:
        raise UnsupportedFormat(f"The file is empty. Send {wanted}.")
    if found in ("HEIC", "AVIF"):
        raise UnsupportedFormat(f"This is a {found} file, which this service does not read. Send it as JPEG.")
    if found:
        raise UnsupportedFormat(f"This is a {found.upper()} file. Send {wanted}.")
    raise UnsupportedFormat(f"The content is no image that this service reads. Send {wanted}.")


def _name(head: bytes) -> str:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head[4:8] == b"ftyp":
        return _HEIF_BRANDS.get(head[8:12], "")
    return next((name for magic, name in _OTHERS if head.startswith(magic)), "")
