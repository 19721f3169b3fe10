"""The page that `bench.gpu` keeps is made of the figures that it keeps."""

import json
from pathlib import Path
from typing import Any

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
    assert "No yardstick" in page


def _without(facts: dict[str, Any], *path: str) -> None:
    for name in path[:-1]:
        facts = facts[name]
    del facts[path[-1]]


@pytest.mark.parametrize(
    "absent",
    [
        [("services", "mixed")],
        [("services", "null"), ("services", "float32"), ("services", "mixed")],
        [("engines", "mixed")],
        [("engines", "float32"), ("engines", "mixed")],
        [("engines", "mixed", "buckets", "8")],
        [("engines", "float32", "buckets", "8"), ("engines", "mixed", "buckets", "8")],
        [("cpu", "int8"), ("cpu", "float32")],
    ],
    ids=str,
)
@pytest.mark.parametrize("has_yardstick", [True, False])
def test_what_failed_costs_its_own_figures_and_is_named(absent: list[tuple[str, ...]], has_yardstick: bool) -> None:
    (kept, *_) = RESULTS.glob("*-gpu.json")
    facts = json.loads(kept.read_text()) | {"failures": ["that step: it had no room"]}
    facts["services"]["float32"] = facts["services"]["float32"][:1]
    for path in absent:
        _without(facts, *path)
    if not has_yardstick:
        facts["forward"] = None
    page = table(facts)
    assert "- not measured: that step: it had no room" in page
    assert "None" not in page
    for path in absent:
        if len(path) == 2 and path[0] == "services":
            assert f"{path[1]}: over HTTP" not in page


def test_nothing_at_all_is_a_page_too() -> None:
    (kept, *_) = RESULTS.glob("*-gpu.json")
    nothing: dict[str, Any] = {
        "engines": {},
        "services": {"float32": []},
        "cpu": {},
        "forward": None,
        "failures": ["all"],
    }
    assert "- not measured: all" in table(json.loads(kept.read_text()) | nothing)
