"""`models evaluate` on a hundred real photos, MobileNetV2 with real weights."""

import csv
from pathlib import Path

import pytest

from tests.e2e.server import run_flask

# Measured on the development machine; keras's pixels are Pillow's, so another CPU may turn a photo that is undecided.
KNOWN_TOP1 = {"crop": 91, "squash": 88, "keras": 84}


@pytest.mark.slow
def test_the_known_figures_are_found(real_cache: Path, shared: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "e.csv", tmp_path / "e.html"
    result = run_flask(
        *("models", "evaluate", str(shared / "photos"), "--csv", str(table), "--html", str(page)),
        MODELS="mobilenetv2",
        CACHE_DIR=str(real_cache),
    )
    assert result.returncode == 0, result.stderr
    assert "evaluated 100 of 100 photos" in result.stderr
    with table.open(encoding="utf-8", newline="") as lines:
        rows = {(row["precision"], row["resize"]): row for row in csv.DictReader(lines)}
    found = {resize: round(100 * float(rows["float32", resize]["top1"])) for resize in KNOWN_TOP1}
    assert all(abs(found[resize] - known) <= 1 for resize, known in KNOWN_TOP1.items()), found
    assert float(rows["int8", "crop"]["agreement"]) >= 0.9
    assert page.read_text(encoding="utf-8").count("<svg") == 3
    print(result.stdout)
