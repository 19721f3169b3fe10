"""Where the bench keeps what it makes; all of it may be removed."""

from pathlib import Path

from models.store import Store

ROOT = Path(__file__).resolve().parents[1]
CACHE = ROOT / ".cache/bench"
ONNX = CACHE / "onnx"
LOGS = CACHE / "logs"
PHOTOS = CACHE / "photos"  # that int8-static is calibrated with
BASELINES = ROOT / "bench/baselines"
RESULTS = ROOT / "bench/results"


def prepared(name: str) -> Path:
    """Return the folder of a network prepared with random weights."""
    return Store(CACHE).folder(name, random=True)


def python(venv: str) -> Path:
    """Return the interpreter of a baseline's virtual environment."""
    return CACHE / "venvs" / venv / "bin/python"


def requirements(venv: str) -> Path:
    """Return the pinned requirements of a baseline."""
    return BASELINES / f"{venv}.txt"
