"""The page that `bench.gpu` keeps is made of the figures that it keeps."""

import json
from pathlib import Path

import pytest

from bench.gpu_table import table
from bench.places import RESULTS


@pytest.mark.parametrize("kept", sorted(RESULTS.glob("*-gpu.json")), ids=lambda path: path.stem)
def test_the_page_is_of_the_figures_beside_it(kept: Path) -> None:
    assert table(json.loads(kept.read_text())) == kept.with_suffix(".md").read_text()


def test_without_a_yardstick_there_is_a_page_too() -> None:
    (kept, *_) = RESULTS.glob("*-gpu.json")
    facts = json.loads(kept.read_text()) | {"forward": None, "cpu": {}}
    page = table(facts)
    assert "by hand" not in page
    assert "no yardstick" in page
