"""The table, and what is kept of a bench: JSON and a picture."""

import json
import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.figure import Figure, Result, number
from bench.pictures import PICTURES
from bench.places import ONNX
from cores import usable_cores

_WIDTH = 78


def line(figure: Figure) -> str:
    """Return one row of the table."""
    unit = {"x": " x", "%": " %"}.get(figure.unit, f" {figure.unit}")
    interval = "" if figure.low == figure.high else f"{number(figure.low)} to {number(figure.high)}"
    goal = ""
    if figure.goal is not None:
        verdict = "reached" if figure.reached else "MISSED"
        goal = f"{'<=' if figure.at_most else '>='} {figure.goal:g}{unit}  {verdict}"
    return f"{figure.name:<{_WIDTH}} {number(figure.value) + unit:>10}  {interval:<16} {goal}".rstrip()


def table(results: Sequence[Result], machine: str, pairs: int) -> str:
    """Return the whole table with its footer: every subject's configuration."""
    lines = [f"{'row':<{_WIDTH}} {'median':>10}  {'interval':<16} goal"]
    lines += [line(figure) for result in results for figure in result.figures]
    lines += ["", f"{machine}; {pairs} pairs A-B-A-B, median of their ratios (5 pairs: the interval has 94 %)"]
    lines += [f"{name}: {shown}" for name, shown in configurations(results).items()]
    return "\n".join(lines)


def configurations(results: Sequence[Result]) -> dict[str, str]:
    """Return what each subject was, by name."""
    return {name: shown for result in results for name, shown in result.configurations.items()}


def machine() -> str:
    """Return the machine in words."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    cpu = next((row.partition(": ")[2] for row in text.splitlines() if row.startswith("model name")), "unknown CPU")
    sets = " ".join(name for name in ("avx2", "avx512f", "avx512_vnni", "avx_vnni") if f" {name} " in f"{text} ")
    return f"{usable_cores()} cores, {cpu} ({sets}), Linux {platform.release()}, Python {platform.python_version()}"


def facts(results: Sequence[Result], commit: str, command: str, options: dict[str, float]) -> dict[str, Any]:
    """Return all that is kept."""
    onnx = ONNX / "export.json"
    return {
        "date": time.strftime("%Y-%m-%d"),
        "commit": commit,
        "machine": machine(),
        "command": command,
        "options": options,
        "pictures": [picture.described() for picture in PICTURES],
        "onnx": json.loads(onnx.read_bytes()) if onnx.exists() else {},
        "configurations": configurations(results),
        "rows": [result.to_json() for result in results],
    }


def write(kept: dict[str, Any], folder: Path) -> Path:
    """Write the facts to <date>-<commit>.json and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{kept['date']}-{kept['commit']}.json"
    target.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return target
