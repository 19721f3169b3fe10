"""Raw requests whose head or whose body's length is wrong, ambiguous or too much."""

from tests.hostile.request import CLOSED, RawRequest
from tests.pictures import encode, multipart, photo_like

PNG = encode(photo_like(40, 40), "PNG")
JPEG = encode(photo_like(40, 40), "JPEG")
FORM = multipart(PNG)
BODY: bytes = FORM["data"]
TYPE = f"Content-Type: {FORM['content_type']}\r\n".encode()
LENGTH = b"Content-Length: %d\r\n" % len(BODY)
PNG_LENGTH = b"Content-Length: %d\r\n" % len(PNG)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
REFUSED = (400, CLOSED)

Row = tuple[str, bytes, tuple[int, ...]]  # name, content, statuses


def post(headers: bytes, body: bytes = b"", line: bytes = b"POST /predict HTTP/1.1\r\n") -> bytes:
    """A request with a Host and no more than *headers*."""
    return line + b"Host: x\r\n" + headers + b"\r\n" + body


def get(line: bytes, headers: bytes = b"Host: x\r\n") -> bytes:
    """A request without a body."""
    return line + b"\r\n" + headers + b"\r\n"


def chunks(*parts: bytes, last: bytes = b"0\r\n\r\n") -> bytes:
    """*parts* as chunks, and the end."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + last


WHOLE = post(TYPE + LENGTH, BODY)
HALF = len(BODY) // 2

LENGTHS: list[Row] = [
    ("a good one", WHOLE, (200,)),
    ("no length", post(TYPE, BODY), (400,)),
    ("a length too small", post(TYPE + b"Content-Length: %d\r\n" % (len(BODY) - 20), BODY), (400,)),
    ("a length of 0 and a body", post(TYPE + b"Content-Length: 0\r\n", BODY), (400,)),
    *(
        (f"a length of {value!r}", post(TYPE + b"Content-Length: " + value + b"\r\n", BODY), (400,))
        for value in (b"-1", b"+5", b"5,5", b"0x10", b"5 5", b"", b"five", "\u0661".encode(), b"1_0", b"5.0")
    ),
    ("two lengths alike", post(TYPE + LENGTH * 2, BODY), (200, 400)),
    ("two lengths unlike", post(TYPE + LENGTH + b"Content-Length: 5\r\n", BODY), (400,)),
]

CHUNKS: list[Row] = [
    ("one chunk", post(TYPE + CHUNKED, chunks(BODY)), (200,)),
    ("chunks of 10 bytes", post(TYPE + CHUNKED, chunks(*(BODY[n : n + 10] for n in range(0, len(BODY), 10)))), (200,)),
    ("an extension of a chunk", post(TYPE + CHUNKED, b"%x;name=value\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)), (200,)),
    ("an extension of 100 KB", post(TYPE + CHUNKED, b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n"), REFUSED),
    ("trailers", post(TYPE + CHUNKED, chunks(BODY, last=b"0\r\nX-Checksum: 1\r\n\r\n")), (200,)),
    (
        "trailers of 200 KB",
        post(TYPE + CHUNKED, chunks(BODY, last=b"0\r\n" + b"X: y\r\n" * 33_000 + b"\r\n")),
        (200, 400, 431, CLOSED),
    ),
    (
        "trailers that are no headers",
        post(TYPE + CHUNKED, chunks(BODY, last=b"0\r\n\0\0\0\r\n\r\n")),
        (200, 400, CLOSED),
    ),
    ("a chunk longer than it says", post(TYPE + CHUNKED, b"5\r\nhello world\r\n0\r\n\r\n"), REFUSED),
    ("a chunk without its end", post(TYPE + CHUNKED, b"5\r\nhello0\r\n\r\n"), REFUSED),
    ("a last chunk alone", post(TYPE + CHUNKED, b"0\r\n\r\n"), (400,)),
    *(
        (f"a chunk of {size!r}", post(TYPE + CHUNKED, size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), (*REFUSED, 413))
        for size in (b"xyz", b"-1", b"+5", b"0x5", b"", b" 5", b"5 ", b"1_0", b"5\n", b"\0")
    ),
]

MB = 1 << 20


def _too_much(name: str, kind: bytes, *parts: bytes) -> RawRequest:
    """Chunks that make more than may be sent: of an image 10 MB, of a form or of JSON not much more."""
    body = post(b"Content-Type: " + kind + b"\r\n" + CHUNKED, chunks(*parts))
    return RawRequest(f"chunks above the limit, {name}", body, (413,), code="upload_too_large")


_FILE_BEGINS = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
TOO_MUCH = [
    _too_much("a whole picture and more", b"image/jpeg", JPEG, *[bytes(MB)] * 10),
    _too_much("one byte more", b"image/png", *[bytes(MB)] * 10, b"a"),
    _too_much("JSON", b"application/json", b'{"image": "', *[b"a" * MB] * 16, b'"}'),
    _too_much("JSON without an end", b"application/json", b'{"image": "', *[b"a" * MB] * 41),
    _too_much("a file", FORM["content_type"].encode(), _FILE_BEGINS, *[bytes(MB)] * 11, b"\r\n--edge--\r\n"),
    _too_much("a file without an end", FORM["content_type"].encode(), _FILE_BEGINS, *[bytes(MB)] * 41),
    _too_much("of one byte each", b"image/jpeg", bytes(10 * MB - 500_000), *[b"a"] * 1_000_000),
]

SMUGGLED: list[Row] = [
    ("length and chunks", post(TYPE + LENGTH + CHUNKED, chunks(BODY)), (400,)),
    ("chunks and length", post(TYPE + CHUNKED + b"Content-Length: 5\r\n", chunks(BODY)), (400,)),
    ("chunks twice", post(TYPE + CHUNKED * 2, chunks(BODY)), (400, 501)),
    *(
        (
            f"the encoding {value!r}",
            post(TYPE + b"Transfer-Encoding: " + value + b"\r\n", chunks(BODY)),
            (200, 400, 501),
        )
        for value in (b"identity, chunked",)
    ),
    *(
        (f"the encoding {value!r}", post(TYPE + b"Transfer-Encoding: " + value + b"\r\n", chunks(BODY)), (400, 501))
        for value in (
            b"xchunked",
            b"chunked, identity",
            b"gzip",
            b"chunked, chunked",
            b"",
            b"\x0bchunked",
            b"chunked\0",
            b"chunked;q=1",
        )
    ),
    ("the encoding in another case", post(TYPE + b"transfer-encoding: CHUNKED\r\n", chunks(BODY)), (200, 400)),
    ("a space behind the name", post(TYPE + b"Transfer-Encoding : chunked\r\n", chunks(BODY)), (400,)),
    ("a space before the name", post(TYPE + b" Transfer-Encoding: chunked\r\n", chunks(BODY)), (400,)),
    ("an underscore in the name", post(TYPE + LENGTH + b"Transfer_Encoding: chunked\r\n", BODY), (200, 400)),
    ("chunks in HTTP/1.0", post(TYPE + CHUNKED, chunks(BODY), b"POST /predict HTTP/1.0\r\n"), (200, 400)),
    ("a second request behind the first", WHOLE + get(b"GET /readyz HTTP/1.1"), (200,)),
    ("a request in a GET's body", get(b"GET /livez HTTP/1.1", b"Host: x\r\nContent-Length: 30\r\n") + WHOLE, (200,)),
]

LIVEZ = b"GET /livez HTTP/1.1"
HEADS: list[Row] = [
    ("HTTP/1.0", get(b"GET /livez HTTP/1.0"), (200,)),
    ("HTTP/0.9", b"GET /livez\r\n", REFUSED),
    ("HTTP/0.9 by number", get(b"GET /livez HTTP/0.9"), (400, 505)),
    ("HTTP/2.0 by number", get(b"GET /livez HTTP/2.0"), (400, 505)),
    ("HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505)),
    ("HTTP/1.2", get(b"GET /livez HTTP/1.2"), (200, 400, 505)),
    *(
        (f"the version {version!r}", get(b"GET /livez " + version), (400, 505))
        for version in (b"HTTP/11", b"HTTP/1.1x", b"http/1.1", b"HTTPS/1.1", b"HTTP/-1.1", b"HTTP/1.\xb2", b"")
    ),
    *(
        (f"the method {method[:20]!r}", get(method + b" /livez HTTP/1.1"), statuses)
        for method, statuses in (
            (b"BREW", (405,)),
            (b"PATCH", (405,)),
            (b"TRACE", (405,)),
            (b"CONNECT", (405,)),
            (b"DELETE", (405,)),
            (b"get", (400, 405)),
            (b"G\0T", (400,)),
            (b"G@T", (400,)),
            (b"", (400,)),
            (b"A" * 1_000, (400, 405)),
            ("GÉT".encode(), (400,)),
        )
    ),
    ("HEAD", get(b"HEAD /livez HTTP/1.1"), (200,)),
    ("OPTIONS", get(b"OPTIONS /predict HTTP/1.1"), (200,)),
    ("OPTIONS of everything", get(b"OPTIONS * HTTP/1.1"), (200, 400, 404)),
    ("CONNECT to elsewhere", get(b"CONNECT example.org:443 HTTP/1.1"), (400, 404, 405)),
    ("an address of 100 KB", get(b"GET /" + b"a" * 100_000 + b" HTTP/1.1"), (400, 414, CLOSED)),
    ("an address of 100 KB without an end", b"GET /" + b"a" * 100_000, (400, 414, CLOSED)),
    ("an absolute address", get(b"GET http://x/livez HTTP/1.1"), (200,)),
    ("an absolute address of elsewhere", get(b"GET http://example.org:81/livez HTTP/1.1"), (200, 400)),
    ("an absolute address of another scheme", get(b"GET ftp://x/livez HTTP/1.1"), (200, 400)),
    *(
        (f"the address {path[:20]!r}", get(b"GET " + path + b" HTTP/1.1"), statuses)
        for path, statuses in (
            (b"/../../etc/passwd", (400, 404)),
            (b"/%2e%2e/etc/passwd", (404,)),
            (b"//livez", (200, 308, 404)),
            (b"/livez%00", (404,)),
            (b"/livez\0", (400, 404)),
            (b"/%zz", (404,)),
            (b"/\xff\xfe", (400, 404)),
            (b"livez", (400, 404)),
            (b"", (400,)),
            (b"/livez?" + b"a=b&" * 300, (200,)),
            (b"/livez#top", (200, 400, 404)),
            (b"/%0d%0aX: y", (400, 404)),
            (b"/models/" + b"%f0" * 100, (404,)),
            (b"http://", (200, 400, 404)),  # no host and no path: Gunicorn takes it for /
            (b"http://[::1/", (400, 404)),
            (b"/a b", (400,)),
        )
    ),
    ("no Host", get(LIVEZ, b""), (200, 400)),
    ("two Hosts", get(LIVEZ, b"Host: a\r\nHost: b\r\n"), (400,)),
    ("a Host of garbage", get(LIVEZ, b"Host: \x01<>\r\n"), (200, 400)),
    ("a Host of 5 KB", get(LIVEZ, b"Host: " + b"a" * 5_000 + b"\r\n"), (200, 400)),
    ("200 headers", get(LIVEZ, b"X-A: b\r\n" * 200), (400, 431)),
    ("10,000 headers", get(LIVEZ, b"X-A: b\r\n" * 10_000), (400, 431, CLOSED)),
    ("a header of 100 KB", get(LIVEZ, b"X-A: " + b"b" * 100_000 + b"\r\n"), (400, 431, CLOSED)),
    ("a header of 1 MB without an end", LIVEZ + b"\r\nX-A: " + b"b" * (1 << 20), (400, 431, CLOSED)),
    ("a header without a colon", get(LIVEZ, b"Host: x\r\nnonsense\r\n"), (400,)),
    ("a header without a name", get(LIVEZ, b"Host: x\r\n: value\r\n"), (400,)),
    ("a space in a header's name", get(LIVEZ, b"Host: x\r\nX A: b\r\n"), (400,)),
    ("a folded header", get(LIVEZ, b"Host: x\r\nX-A: b\r\n c\r\n"), (400,)),
    ("a NUL in a header", get(LIVEZ, b"Host: x\r\nX-A: b\0c\r\n"), (400,)),
    ("a NUL in a header's name", get(LIVEZ, b"Host: x\r\nX\0A: b\r\n"), (400,)),
    ("a bare CR in a header", get(LIVEZ, b"Host: x\r\nX-A: b\rX-B: c\r\n"), (400,)),
    ("bare LFs", b"GET /livez HTTP/1.1\nHost: x\n\n", REFUSED),
    ("a bare LF in a header", get(LIVEZ, b"Host: x\r\nX-A: b\nX-B: c\r\n"), (400,)),
    ("a header in Latin-1", get(LIVEZ, b"Host: x\r\nX-A: \xe4\xff\r\n"), (200, 400)),
    ("an id of 5 KB", get(LIVEZ, b"Host: x\r\nX-Request-ID: " + b"a" * 5_000 + b"\r\n"), (200,)),
    ("an id of escapes", get(LIVEZ, b"Host: x\r\nX-Request-ID: \x1b[31m%s%n${jndi:ldap://x}\r\n"), (200, 400)),
    ("cookies", get(LIVEZ, b"Host: x\r\nCookie: " + b"a=b; " * 1_000 + b"\r\n"), (200,)),
    (
        "an upgrade",
        get(LIVEZ, b"Host: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"),
        (200,),
    ),
    ("a forwarded address of garbage", get(LIVEZ, b"Host: x\r\nX-Forwarded-For: ::::<script>, 1\r\n"), (200,)),
    ("another scheme told", get(LIVEZ, b"Host: x\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n"), (200, 400)),
    ("another path told", get(LIVEZ, b"Host: x\r\nScript-Name: /livez\r\n"), (200, 400, 404, 500)),
    ("a proxy's first line", b"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n" + get(LIVEZ), (400,)),
    ("a proxy's second version", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12) + get(LIVEZ), REFUSED),
    ("an empty line first", b"\r\n" + get(LIVEZ), (200, 400)),
    ("line ends only", b"\r\n" * 10_000, REFUSED),
    ("noughts", bytes(100_000), (*REFUSED, 414)),
    ("every byte", bytes(range(256)) * 300, (*REFUSED, 414)),
    ("100-continue", post(TYPE + LENGTH + b"Expect: 100-continue\r\n", BODY), (200,)),
    ("another expectation", post(TYPE + LENGTH + b"Expect: 200-ok\r\n", BODY), (200, 400, 417)),
]


# Their senders die on the way: else the service waits for the rest, as long as it waits for anybody.
UNFINISHED: list[Row] = [
    ("a length too large", post(TYPE + b"Content-Length: %d\r\n" % (len(BODY) + 20), BODY), (200, 400, 499)),
    ("half a body", post(TYPE + LENGTH, BODY[:HALF]), (400,)),
    ("half a picture", post(b"Content-Type: image/png\r\n" + PNG_LENGTH, PNG[: len(PNG) // 2]), (400,)),
    ("half of JSON", post(b"Content-Type: application/json\r\n" + PNG_LENGTH, b'{"image": '), (400,)),
    ("no body", post(TYPE + LENGTH), (400,)),
    ("a length above the limit, nothing sent", post(TYPE + b"Content-Length: 99999999\r\n"), (413,)),
    ("a length above every number", post(TYPE + b"Content-Length: " + b"9" * 40 + b"\r\n"), (400, 413)),
    ("no last chunk", post(TYPE + CHUNKED, chunks(BODY, last=b"")), REFUSED),
    ("a chunk cut short", post(TYPE + CHUNKED, chunks(BODY)[:HALF]), REFUSED),
    (
        "a second request within the length",
        post(TYPE + LENGTH, BODY[:20] + get(b"GET / HTTP/1.1") + BODY)[:600],
        (400,),
    ),
    ("bare CRs", b"GET /livez HTTP/1.1\rHost: x\r\r", REFUSED),
    ("nothing", b"", (CLOSED,)),
    ("TLS", bytes.fromhex("16030100a5010000a10303") + bytes(160), REFUSED),
    ("half a line", b"POST /pre", REFUSED),
    ("half a head", b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Le", REFUSED),
    ("100-continue for too much", post(TYPE + b"Content-Length: 99999999\r\nExpect: 100-continue\r\n"), (413,)),
    *(
        (f"a chunk of {size!r}", post(TYPE + CHUNKED, size + b"\r\n" + BODY + b"\r\n0\r\n\r\n"), (*REFUSED, 413))
        for size in (b"f" * 16, b"f" * 100)
    ),
]


def framing() -> list[RawRequest]:
    """Every one of them."""
    finished = [RawRequest(*row) for row in (*LENGTHS, *CHUNKS, *SMUGGLED, *HEADS)]
    return finished + TOO_MUCH + [RawRequest(*row, ends=True) for row in UNFINISHED]
