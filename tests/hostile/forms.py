"""Raw requests that are well framed and whose form is not."""

from tests.hostile.framing import BODY, PNG, Row, post
from tests.hostile.request import RawRequest

_DISPOSITION = b'Content-Disposition: form-data; name="file"; filename="x"'
BAD = (400,)


def _form(body: bytes, kind: bytes = b"multipart/form-data; boundary=edge") -> bytes:
    return post(b"Content-Type: %b\r\nContent-Length: %d\r\n" % (kind, len(body)), body)


def _part(headers: bytes, content: bytes = PNG) -> bytes:
    return b"--edge\r\n" + headers + b"\r\n\r\n" + content + b"\r\n"


_END = b"--edge--\r\n"
_FILE = _part(_DISPOSITION)

FORMS: list[Row] = [
    ("no last boundary", _form(_FILE), BAD),
    ("a last boundary without its dashes", _form(_FILE + b"--edge\r\n"), BAD),
    ("a last boundary twice", _form(_FILE + _END + _END), (200, 400)),
    ("text before and behind", _form(b"hello\r\n" + _FILE + _END + b"goodbye"), (200,)),
    ("another boundary than announced", _form(BODY.replace(b"--edge", b"--egde")), BAD),
    (
        "a boundary in the picture",
        _form(_part(_DISPOSITION, PNG[:99] + b"\r\n--edge\r\n" + PNG[99:]) + _END),
        (400, 422),
    ),
    ("only a boundary", _form(b"--edge"), BAD),
    ("only the last boundary", _form(_END), BAD),
    ("an empty body", _form(b""), BAD),
    ("no boundary", _form(BODY, b"multipart/form-data"), BAD),
    ("an empty boundary", _form(BODY, b"multipart/form-data; boundary="), BAD),
    ("two boundaries, the first right", _form(BODY, b"multipart/form-data; boundary=edge; boundary=other"), (200, 400)),
    (
        "two boundaries, the second right",
        _form(BODY, b"multipart/form-data; boundary=other; boundary=edge"),
        (200, 400),
    ),
    ("a boundary of 4,000 letters", _form(BODY, b"multipart/form-data; boundary=" + b"e" * 4_000), BAD),
    ("a boundary of brackets", _form(BODY, b"multipart/form-data; boundary=(.*)+"), BAD),
    ("a boundary of one letter", _form(BODY, b"multipart/form-data; boundary=e"), BAD),
    ("a boundary in quotes without an end", _form(BODY, b'multipart/form-data; boundary="edge'), (200, 400)),
    ("a type in other letters", _form(BODY, b"Multipart/Form-Data; Boundary=edge"), (200,)),
    ("a type of 3 KB", _form(BODY, b"multipart/form-data; boundary=edge; " + b"a=b; " * 600), (200,)),
    ("multipart of another kind", _form(BODY, b"multipart/mixed; boundary=edge"), (415,)),
    *(
        (f"the type {kind!r}", _form(BODY, kind), statuses)
        for kind, statuses in (
            (b"", (400,)),
            (b"text/plain", (415,)),
            (b"*/*", (400, 415)),
            (b"image/gif", (415,)),
            (b"image/svg+xml", (415,)),
            (b"application/octet-stream", (415,)),
            (b"application/xml", (415,)),
            (b"nonsense", (400, 415)),
            (b"application/x-www-form-urlencoded", (400,)),
        )
    ),
    (
        "two types",
        post(
            b"Content-Type: text/plain\r\nContent-Type: multipart/form-data; boundary=edge\r\n"
            b"Content-Length: %d\r\n" % len(BODY),
            BODY,
        ),
        (400, 415),
    ),
    (
        "a packed body",
        post(
            b"Content-Type: multipart/form-data; boundary=edge\r\nContent-Encoding: gzip\r\n"
            b"Content-Length: %d\r\n" % len(BODY),
            BODY,
        ),
        (200, 400, 415),
    ),
    ("a part without a name", _form(_part(b'Content-Disposition: form-data; filename="x"') + _END), BAD),
    ("a part without a disposition", _form(_part(b"Content-Type: image/png") + _END), BAD),
    ("a part without headers", _form(b"--edge\r\n\r\n" + PNG + b"\r\n" + _END), BAD),
    ("a part without the end of its headers", _form(b"--edge\r\n" + _DISPOSITION + b"\r\n" + _END), BAD),
    ("a part whose header has no colon", _form(_part(b"nonsense") + _END), BAD),
    ("a part with a header of 200 KB", _form(_part(_DISPOSITION + b"\r\nX: " + b"a" * 200_000) + _END), (400, 413)),
    ("a part with 20,000 headers", _form(_part(_DISPOSITION + b"\r\nX: y" * 20_000) + _END), (200, 400, 413)),
    (
        "a part with two dispositions",
        _form(_part(_DISPOSITION + b"\r\n" + _DISPOSITION.replace(b"file", b"filo")) + _END),
        (200, 400),
    ),
    (
        "a part of another disposition",
        _form(_part(_DISPOSITION.replace(b"form-data", b"attachment")) + _END),
        (200, 400),
    ),
    ("a part in base64", _form(_part(_DISPOSITION + b"\r\nContent-Transfer-Encoding: base64") + _END), (200, 400)),
    (
        "a form in a form",
        _form(
            _part(_DISPOSITION + b"\r\nContent-Type: multipart/mixed; boundary=in", b"--in\r\n\r\n\r\n--in--") + _END
        ),
        (415,),
    ),
    ("1,001 parts", _form(_part(b'Content-Disposition: form-data; name="a"', b"") * 1_001 + _END), (413,)),
    ("100,000 parts", _form(_part(b'Content-Disposition: form-data; name="a"', b"") * 100_000 + _END), (413,)),
    (
        "a field of 200 KB",
        _form(_part(b'Content-Disposition: form-data; name="top"', b"1" * 200_000) + _FILE + _END),
        (413,),
    ),
    (
        "a field as a file",
        _form(_part(b'Content-Disposition: form-data; name="top"; filename="t"', b"3") + _FILE + _END),
        (200, 400),
    ),
    ("a file as a field", _form(_part(b'Content-Disposition: form-data; name="file"') + _END), BAD),
    ("a name of bytes", _form(_part(b'Content-Disposition: form-data; name="\xff\0"; filename="x"') + _END), BAD),
    ("a file's name of bytes", _form(_part(_DISPOSITION[:-2] + b'\xff\0\xfe"') + _END), (200, 400)),
    ("a file's name that climbs", _form(_part(_DISPOSITION[:-2] + b'../../etc/passwd"') + _END), (200,)),
    ("a file's name of 10 KB", _form(_part(_DISPOSITION[:-2] + b"x" * 10_000 + b'"') + _END), (200,)),
    ("a file's name of scripts", _form(_part(_DISPOSITION[:-2] + b'<script>.php;.jpg"') + _END), (200,)),
    (
        "a name in another way",
        _form(_part(b"Content-Disposition: form-data; name*=UTF-8''file; filename=x") + _END),
        (200, 400),
    ),
    ("line ends of LF", _form(BODY.replace(b"\r\n", b"\n")), (400, 415, 422)),
    ("line ends of CR", _form(b"--edge\r" + _DISPOSITION + b"\r\r" + b"hello\r" + b"--edge--\r"), (400, 415)),
    ("1 MB of boundaries", _form(b"--edge\r\n" * (1 << 17)), (400, 413)),
    (
        "1 MB of almost boundaries",
        _form(b"--edge\r\n" + _DISPOSITION + b"\r\n\r\n" + b"\r\n--edg" * (1 << 17) + b"\r\n" + _END),
        (415,),
    ),
    (
        "1 MB of line ends",
        _form(b"--edge\r\n" + _DISPOSITION + b"\r\n\r\n" + b"\r\n" * (1 << 19) + b"\r\n" + _END),
        (415,),
    ),
    ("1 MB of dashes", _form(b"-" * (1 << 20)), (400, 413)),
    ("10 MB of CRs in a part", _form(_part(_DISPOSITION, b"\r" * (10 << 20)) + _END), (415,)),
    ("an upload above the limit", _form(_part(_DISPOSITION, PNG + bytes(10 << 20)) + _END), (413,)),
    *(
        (
            f"top as {value[:20]!r}",
            _form(_part(b'Content-Disposition: form-data; name="top"', value) + _FILE + _END),
            BAD,
        )
        for value in (b"0", b"-1", b"1e9", b"\xff", b"\0", b"9" * 5_000, b"{}")
    ),
    *(
        (
            f"model as {value[:20]!r}",
            _form(_part(b'Content-Disposition: form-data; name="model"', value) + _FILE + _END),
            BAD,
        )
        for value in (b"../../etc/passwd", b"'; DROP TABLE models; --", b"\xff\xfe", b"{{7*7}}", b"a" * 5_000)
    ),
]


def forms() -> list[RawRequest]:
    """Every one of them."""
    too_many = [
        RawRequest(f"{count:,} files", _form(_FILE * count + _END), (413,), code="too_many_files")
        for count in (33, 1_000, 1_001, 10_000)
    ]
    return [RawRequest(*row) for row in FORMS] + too_many
