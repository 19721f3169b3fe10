"""64 uploads of MAX_PIXELS at once: memory stays within the bound, each has a designed answer, no worker dies."""

import resource
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from models.decode_slots import MOST_SLOTS
from tests.e2e.server import Server, running
from tests.pictures import chunk, encode, ihdr, png

pytestmark = pytest.mark.slow

SIDE, CALLERS, WORKERS = 8000, 64, 4  # 64 megapixels; more workers than slots, so that some wait for one
MB, PAGE_BYTES = 1 << 20, resource.getpagesize()
REST_MB = 64  # of a worker that has decoded nothing large: the upload, its form, tensors, what malloc keeps


def large_png(layers: int) -> bytes:
    """8-bit RGB or RGBA, packed as far as zlib can: 0.3 MB."""
    packer, row = zlib.compressobj(1), bytes(1 + layers * SIDE)
    pixels = b"".join(packer.compress(row * 100) for _ in range(SIDE // 100)) + packer.flush()
    return png(ihdr(SIDE, SIDE, colour={3: 2, 4: 6}[layers]), chunk(b"IDAT", pixels))


def costly_jpeg() -> bytes:
    """What takes most: the coefficients of four whole layers are kept until the last scan."""
    return encode(Image.new("CMYK", (SIDE, SIDE), (9, 90, 200, 30)), "JPEG", progressive=True, subsampling=0)


@pytest.fixture(scope="module")
def server(small_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    settings = {"MODELS": "mobilenetv2", "WEIGHTS": "random", "CACHE_DIR": str(small_cache)}
    with running(tmp_path_factory.mktemp("memory") / "log", WORKERS=str(WORKERS), **settings) as server:
        yield server


def resident_mb(pids: Iterable[int]) -> float:
    """What is resident in all of them at one moment: their peaks are none of the same."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * PAGE_BYTES / MB


class Peak(threading.Thread):
    """The most of `resident_mb` until it is told to end."""

    def __init__(self, pids: Iterable[int]) -> None:
        super().__init__()
        self._pids, self._end = pids, threading.Event()
        self.mb = self.idle_mb = resident_mb(pids)

    def run(self) -> None:
        while not self._end.wait(0.002):
            self.mb = max(self.mb, resident_mb(self._pids))

    def __enter__(self) -> "Peak":
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._end.set()
        self.join()


KINDS = [
    pytest.param(large_png, (3,), "crop", 5, id="RGB"),  # bytes a pixel: 4 in Pillow, and a strip
    pytest.param(large_png, (4,), "crop", 5, id="RGBA"),
    pytest.param(large_png, (4,), "keras", 8, id="RGBA, every pixel kept"),  # 3 more in the image
    pytest.param(costly_jpeg, (), "keras", 12, id="progressive CMYK, every pixel kept"),
]


@pytest.mark.parametrize(("make", "arguments", "resize", "pixel_bytes"), KINDS)
def test_64_of_the_largest_images_at_once_stay_within_the_bound(
    server: Server, make: Callable[..., bytes], arguments: tuple[int, ...], resize: str, pixel_bytes: int
) -> None:
    upload = make(*arguments)
    assert len(upload) < 10 * MB
    workers = server.workers(WORKERS)
    with Peak(workers) as peak, ThreadPoolExecutor(CALLERS) as callers:
        statuses = Counter(callers.map(lambda _: server.predict(upload, resize=resize).status_code, range(CALLERS)))
    grown = peak.mb - peak.idle_mb
    print(f"{statuses}; the workers grew by {grown:.0f} MB in all, over {peak.idle_mb:.0f} MB")
    assert set(statuses) <= {200, 503, 504}
    assert statuses[200] > MOST_SLOTS
    assert grown <= MOST_SLOTS * pixel_bytes * SIDE * SIDE / MB + WORKERS * REST_MB
    assert server.workers(WORKERS) == workers
    assert server.get("/readyz").status_code == 200
