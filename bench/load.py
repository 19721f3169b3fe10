"""wrk against a running service: requests a second and latencies of one closed-loop run."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

_SCRIPT = """
local file = io.open("{photo}", "rb")
wrk.method = "POST"
wrk.headers["Content-Type"] = "multipart/form-data; boundary=edge"
wrk.body = '--edge\\r\\nContent-Disposition: form-data; name="file"; filename="x.jpg"\\r\\n\\r\\n'
    .. file:read("*a") .. "\\r\\n--edge--\\r\\n"
"""
_TO_MS = {"us": 1e-3, "ms": 1.0, "s": 1e3, "m": 6e4}


class Load(NamedTuple):
    """What one run showed; *failed* counts socket errors and answers other than 2xx and 3xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    failed: int


def load(url: str, photo: Path, connections: int, seconds: float) -> Load:
    """Post *photo* to *url* over *connections* for *seconds*.  Raises: SystemExit: wrk is not installed."""
    if not shutil.which("wrk"):
        raise SystemExit("The benchmark needs wrk (Debian: apt-get install wrk).")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(_SCRIPT.format(photo=photo))
        script.flush()
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds:g}s",
            "--timeout",
            "10s",
            "--latency",
            "-s",
            script.name,
            url,
        ]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own command
    return Load(
        rate=float(_find(r"Requests/sec:\s+([\d.]+)", text)),
        p50_ms=_latency("50%", text),
        p99_ms=_latency("99%", text),
        failed=sum(int(n) for n in re.findall(r"(?:connect|read|write|timeout|responses:) (\d+)", text)),
    )


def _find(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if not found:
        raise SystemExit(f"wrk said something else:\n{text}")
    return found[1]


def _latency(percentile: str, text: str) -> float:
    number, unit = re.fullmatch(r"([\d.]+)([a-z]+)", _find(rf"{percentile}\s+(\S+)", text)).groups()  # type: ignore[union-attr]  # wrk's own format
    return float(number) * _TO_MS[unit]
