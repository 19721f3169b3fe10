"""Good images, damaged at random: `decode` keeps its promise for each."""

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import ROOT
from tests.hostile.files import hostile_files
from tests.hostile.promise import keep, prepare
from tests.hostile.seeds import seeds

ATHERIS_S = 300
BOUNDED = settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))


def sealed(png: bytes) -> bytes:
    """The checksums of a PNG's chunks put right, so that damage reaches what lies behind them."""
    at, parts = 8, [png[:8]]
    while at + 12 <= len(png):
        length = min(struct.unpack_from(">I", png, at)[0], len(png) - at - 12)
        body = png[at + 4 : at + 8 + length]
        parts += [struct.pack(">I", length), body, struct.pack(">I", zlib.crc32(body))]
        at += 12 + length
    return b"".join(parts)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A seed after some of: bytes changed, cut off, cut out, doubled, put in from another seed."""
    content = bytearray(draw(st.sampled_from(seeds())))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, max(0, len(content) - 1)))
        end = min(len(content), start + draw(st.integers(1, 64)))
        kind = draw(st.sampled_from(["change", "flip", "cut off", "cut out", "double", "splice"]))
        if kind == "change":
            content[start:end] = draw(st.binary(min_size=1, max_size=8))
        elif kind == "flip" and content:
            content[start] ^= 1 << draw(st.integers(0, 7))
        elif kind == "cut off":
            del content[start:]
        elif kind == "cut out":
            del content[start:end]
        elif kind == "double":
            content[start:start] = content[start:end] * draw(st.integers(1, 50))
        else:
            other = draw(st.sampled_from(seeds()))
            content[start:end] = other[start : start + draw(st.integers(1, len(other)))]
    result = bytes(content)
    return sealed(result) if result.startswith(b"\x89PNG") and draw(st.booleans()) else result


@settings(BOUNDED, max_examples=400, derandomize=True)
@given(damaged())
def test_a_damaged_image_is_decoded_or_refused(upload: bytes) -> None:
    prepare()
    keep(upload)


@pytest.mark.slow
@settings(BOUNDED, max_examples=30_000)
@given(damaged())
def test_tens_of_thousands_of_damaged_images_are_decoded_or_refused(upload: bytes) -> None:
    prepare()
    keep(upload)


@settings(BOUNDED, max_examples=100, derandomize=True)
@given(st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP"]), st.binary(max_size=2000))
def test_any_bytes_behind_a_magic_are_refused_or_decoded(magic: bytes, rest: bytes) -> None:
    prepare()
    keep(magic + rest)


@pytest.mark.slow
def test_atheris_finds_nothing_either(tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="needs atheris, which has wheels for few machines")
    for number, content in enumerate([*seeds(), *(file.content for file in hostile_files())]):
        if len(content) < 1 << 14:
            (tmp_path / str(number)).write_bytes(content)
    command = [sys.executable, "-m", "tests.hostile.fuzz_decode", f"-max_total_time={ATHERIS_S}", "-timeout=10",
               "-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/",
               str(tmp_path)]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    print(done.stderr[-600:])
