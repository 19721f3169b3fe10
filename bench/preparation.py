"""What must be there before anything is measured: prepared models, baselines' environments, ONNX models, pictures.

Each is made once: a marker holds the hash of what it was made from.
"""

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from bench.pictures import PICTURES, make, make_photos
from bench.places import BASELINES, CACHE, ONNX, PHOTOS, ROOT, prepared, python, requirements
from bench.services import clean_environment
from bench.subject import ALL_NETWORKS, Subject, ours
from models.manifest import FILE_NAME

VENVS = ("naive", "litserve", "ort")
_LOG = CACHE / "preparation.log"


class Step(NamedTuple):
    """*make* is called where *marker* does not hold the hash of *sources*."""

    name: str
    marker: Path
    sources: Callable[[], bytes]
    make: Callable[[], None]

    def is_done(self) -> bool:
        """Say whether it was made from what is there now."""
        return self.marker.is_file() and self.marker.read_text(encoding="ascii") == self._hash()

    def run(self) -> None:
        """Make it and remember from what.  Raises: CalledProcessError, OSError."""
        self.marker.unlink(missing_ok=True)
        self.make()
        self.marker.write_text(self._hash(), encoding="ascii")

    def _hash(self) -> str:
        return hashlib.sha256(self.sources()).hexdigest()


def prepare(subjects: Collection[Subject]) -> None:
    """Make what is missing for *subjects*; what can't be made is named, and rows that need it fail by themselves."""
    CACHE.mkdir(parents=True, exist_ok=True)
    _LOG.write_bytes(b"")
    # Ours shows its own progress, and looks for itself what has changed.
    make_photos()
    prepare_ours = [sys.executable, "-m", "flask", "--app", "app", "models", "prepare", "--images", str(PHOTOS)]
    settings = dict(ours(networks=_networks(subjects)).environ)
    subprocess.run(prepare_ours, cwd=ROOT, env=clean_environment() | settings, check=True)  # noqa: S603  # our own command
    for picture in PICTURES:
        make(picture)
    missing = [step for step in _steps(_needed(subjects)) if not step.is_done()]
    for step in (bar := tqdm(missing, unit="step", disable=not missing)):
        bar.set_description(f"prepare {step.name}")
        try:
            step.run()
        except (subprocess.CalledProcessError, OSError) as error:
            bar.write(f"{step.name} can't be made ({error}); see {_LOG}")


def _networks(subjects: Collection[Subject]) -> str:
    """Return ResNet50, unless another is asked for."""
    asked = {
        value for subject in subjects for name, value in subject.environ if name in ("TRIPTYCH_MODELS", "NAIVE_CLASS")
    }
    return ALL_NETWORKS if asked - {"resnet50", "ResNet50"} else "resnet50"


def _needed(subjects: Collection[Subject]) -> list[str]:
    """Return the environments in which they run; ONNX Runtime's models are exported in one of their own."""
    needed = [name for name in VENVS if any(subject.command[0] == str(python(name)) for subject in subjects)]
    return [*needed, "export"] if "ort" in needed else needed


def _steps(needed: Collection[str]) -> list[Step]:
    venvs = [
        Step(
            f"the environment {name}",
            python(name).parents[1] / "requirements.sha256",
            requirements(name).read_bytes,
            partial(_make_venv, name),
        )
        for name in needed
    ]
    onnx = [Step("the ONNX models", ONNX / "sources.sha256", _onnx_sources, _export)]
    return [*venvs, *(onnx if "export" in needed else [])]


def _make_venv(name: str) -> None:
    folder = python(name).parents[1]
    shutil.rmtree(folder, ignore_errors=True)
    _run(sys.executable, "-m", "venv", str(folder))
    _run(str(python(name)), "-m", "pip", "install", "--disable-pip-version-check", "-r", str(requirements(name)))


def _onnx_sources() -> bytes:
    files = (BASELINES / "export_onnx.py", requirements("export"), prepared("resnet50") / FILE_NAME)
    return b"".join(file.read_bytes() for file in files)


def _export() -> None:
    _run(str(python("export")), "-m", "bench.baselines.export_onnx", str(prepared("resnet50")), str(ONNX))


def _run(*command: str) -> None:
    with _LOG.open("ab") as log:
        subprocess.run(command, cwd=ROOT, env=clean_environment(), stdout=log, stderr=log, check=True)  # noqa: S603  # our own command
