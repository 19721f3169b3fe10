"""Against a real HTTP server on loopback that can break off and resume."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from models.catalog import CATALOG
from models.download import download
from models.weights import is_published

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


done = threading.Event()


class Handler(BaseHTTPRequestHandler):
    """/whole sends everything, /short breaks off in the middle; both honour Range."""

    def do_GET(self) -> None:
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        if self.path == "/missing":
            self.send_error(404)
            return
        if self.path == "/nonsense":
            self.wfile.write(b"I am no HTTP\r\n\r\n")
            return
        if self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(CONTENT[:100])
            return
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        end = len(CONTENT) // 2 if self.path == "/short" else len(CONTENT) - 10 * (self.path == "/stall")
        self.wfile.write(CONTENT[start:end])
        if self.path == "/stall":
            done.wait(10)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    done.set()
    server.shutdown()
    server.server_close()


def test_a_file_arrives_whole_and_tells_its_progress(site: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    download(f"{site}/whole", tmp_path / "sub/w.h5", MD5, lambda done, total: told.append((done, total)))
    assert (tmp_path / "sub/w.h5").read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_a_broken_download_goes_on_where_it_broke_off(site: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionAbortedError, match="broke off"):
        download(f"{site}/short", tmp_path / "w.h5", MD5, lambda *_: None)
    assert not (tmp_path / "w.h5").exists()
    told: list[int] = []
    download(f"{site}/whole", tmp_path / "w.h5", MD5, lambda done, _: told.append(done))
    assert told[0] > len(CONTENT) // 2
    assert (tmp_path / "w.h5").read_bytes() == CONTENT


def test_a_download_that_stalls_is_gone_on_with_too(site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.download.TIMEOUT_S", 0.2)
    with pytest.raises(ConnectionAbortedError, match="timed out after"):
        download(f"{site}/stall", tmp_path / "w.h5", MD5, lambda *_: None)
    assert (tmp_path / "w.h5.part").exists()


def test_a_part_that_was_whole_already_is_taken(site: str, tmp_path: Path) -> None:
    (tmp_path / "w.h5.part").write_bytes(CONTENT)
    download(f"{site}/whole", tmp_path / "w.h5", MD5, lambda *_: None)
    assert (tmp_path / "w.h5").read_bytes() == CONTENT


def test_a_file_with_another_hash_is_refused_and_thrown_away(site: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="its digest differs"):
        download(f"{site}/whole", tmp_path / "w.h5", "0" * 32, lambda *_: None)
    assert list(tmp_path.iterdir()) == []


def test_a_digest_of_64_digits_is_a_sha_256(site: str, tmp_path: Path) -> None:
    """As Keras has them for ConvNeXt."""
    download(f"{site}/whole", tmp_path / "w.h5", hashlib.sha256(CONTENT).hexdigest(), lambda *_: None)
    source = replace(CATALOG["convnexttiny"].keras, digest=hashlib.sha256(CONTENT).hexdigest())
    assert is_published(tmp_path / "w.h5", replace(CATALOG["convnexttiny"], source=source))
    assert not is_published(tmp_path / "w.h5", CATALOG["convnexttiny"])


def test_without_a_hash_nothing_is_spliced(site: str, tmp_path: Path) -> None:
    (tmp_path / "w.h5.part").write_bytes(b"something older")
    download(f"{site}/whole", tmp_path / "w.h5", None, lambda *_: None)
    assert (tmp_path / "w.h5").read_bytes() == CONTENT


@pytest.mark.parametrize(("path", "says"), [("nonsense", "no answer in HTTP"), ("endless", "how long the file is")])
def test_a_server_that_can_not_be_trusted_is_an_os_error(site: str, tmp_path: Path, path: str, says: str) -> None:
    with pytest.raises(OSError, match=says):
        download(f"{site}/{path}", tmp_path / "w.h5", None, lambda *_: None)
    assert not (tmp_path / "w.h5").exists()


def test_a_missing_file_is_an_os_error(site: str, tmp_path: Path) -> None:
    with pytest.raises(OSError, match="404"):
        download(f"{site}/missing", tmp_path / "w.h5", None, lambda *_: None)
