"""weights -> prepared model: float32 `.tflite`, quicker ones and how they agree with it, known answers, manifest.

Itself imports no runtime.
"""

import os
import shutil
from collections.abc import Mapping
from functools import partial
from importlib import metadata
from pathlib import Path

from models.architecture import Architecture
from models.bundled import POCKET
from models.child import Step, run_in_child
from models.errors import PrepareError
from models.file_record import FileRecord
from models.gate import MIN_PHOTOS, objection
from models.judgement import Agreement, Gate
from models.manifest import (
    FORMAT,
    KNOWN_ANSWERS_FILE,
    RANDOM_WEIGHTS_FILE,
    Artifact,
    Manifest,
    Own,
    Precision,
    Weights,
    WeightsKind,
    input_of,
)
from models.photos import photo_set
from models.plan import Job
from models.store import Store
from models.weights import is_published

STEPS = 7  # build, export, convert (convert.py), quantise, check (quantise.py), judge (judge.py), hash (here)
_VERSIONS_OF = ("tensorflow", "keras", "ai-edge-litert", "ai-edge-quantizer", "numpy")
_OF_FLOAT32 = ("tensorflow", "keras")  # what made the artifact that a base is taken for
# 4 each for saved model, float32 artifact, random weights and packed float32; 2 for float16, 1 for each int8, 1 packed,
# 1 to spare
_FREE_BYTES_PER_PARAMETER = 22


def build(store: Store, job: Job, step: Step, cores: int) -> Manifest:
    """Build one model and publish it whole. Call under `store.lock()`; *step* is told each of the `STEPS`.

    Raises: PrepareError: conversion failed or the result does not answer like Keras; what was served before stays.
    """
    architecture = job.architecture
    _need_space(store, job)
    with store.building(architecture.name, random=job.weights is None) as folder:
        run = partial(run_in_child, log=folder / "build.log", step=step, architecture=architecture, folder=str(folder))
        if job.base:
            classes = _take_over(job.base, folder)
        elif architecture.source is None:
            classes = run(*_taker(job.weights), file=str(job.weights))
        else:
            classes = run("models.convert", "convert", weights=str(job.weights) if job.weights else None)
        if classes != len(architecture.labels):
            raise PrepareError(
                f"{architecture.name} has {classes} classes; there are {len(architecture.labels)} labels"
            )
        photos = [str(photo) for photo in job.photos] if len(job.photos) >= MIN_PHOTOS else []
        changes = run("models.quantise", "quantise", classes=classes, photos=photos)
        agreements = {}
        if gate_of(job) is not Gate.NONE:
            quicker = [precision for precision in changes if precision is not Precision.FLOAT32]
            agreements = run("models.judge", "judge", classes=classes, cores=cores, precisions=quicker, photos=photos)
        step("hash")
        manifest = manifest_of(job, folder, classes, changes, agreements)
        manifest.write(folder)
    return manifest


def gate_of(job: Job) -> Gate:
    """Return by what the quicker precisions of a job's model are judged."""
    if job.weights is None:
        return Gate.NONE
    return Gate.PHOTOS if len(job.photos) >= MIN_PHOTOS else Gate.NUMERIC


def manifest_of(
    job: Job,
    folder: Path,
    classes: int,
    changes: Mapping[Precision, float],
    agreements: Mapping[Precision, Agreement],
) -> Manifest:
    """Hash what was built into *folder* and describe it; *changes* as `Artifact.max_change`, by precision."""
    gate = gate_of(job)
    base = Manifest.read(job.base) if job.base else None
    installed = {each.name for each in metadata.distributions()}
    versions = {name: metadata.version(name) for name in _VERSIONS_OF if name in installed}

    def artifact(precision: Precision, change: float) -> Artifact:
        found = agreements.get(precision)
        passed = found is None or not objection(found, gate)
        record = FileRecord.of(folder / precision.file)
        return Artifact(record=record, max_change=change, passed=passed, agreement=found)

    return Manifest(
        format=FORMAT,
        name=job.architecture.name,
        weights=base.weights if base else _weights(job.architecture, job.weights, folder),
        input=input_of(job.architecture),
        classes=classes,
        labels_sha256=job.architecture.labels_sha256,
        gate=gate,
        photos=photo_set(job.photos) if job.photos else None,
        artifacts={precision: artifact(precision, change) for precision, change in changes.items()},
        known_answers=FileRecord.of(folder / KNOWN_ANSWERS_FILE),
        versions=versions | ({name: base.versions[name] for name in _OF_FLOAT32} if base else {}),
        own=_own(job.architecture),
    )


def _own(architecture: Architecture) -> Own | None:
    if architecture.source is not None:
        return None
    return Own(
        title=architecture.title,
        parameters=architecture.parameters,
        labels=architecture.own_labels,
        taught=architecture.taught,
    )


def _taker(file: Path | None) -> tuple[str, str]:
    """Return which child's function takes a model's file: LiteRT's own is no business of TensorFlow's."""
    return (
        ("models.adopt", "adopt") if file and file.suffix.lower() == ".tflite" else ("models.convert", "convert_file")
    )


def _take_over(base: Path, folder: Path) -> int:
    """Bring what does not depend on photos from an earlier build; return its number of classes."""
    for name in (Precision.FLOAT32.file, RANDOM_WEIGHTS_FILE):
        if (base / name).exists():
            _link_or_copy(base / name, folder / name)
    shutil.copy2(base / KNOWN_ANSWERS_FILE, folder)
    return Manifest.read(base).classes


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)  # in the same store; neither is written again
    except OSError:  # a file system without hard links
        shutil.copy2(source, target)


def _need_space(store: Store, job: Job) -> None:
    architecture = job.architecture
    parameters = architecture.parameters or (_bytes(job.weights) // 4 if job.weights else 0)
    needed = parameters * _FREE_BYTES_PER_PARAMETER
    free = shutil.disk_usage(store.root).free
    if free < needed:
        megabytes = f"{needed >> 20:,} MB free in {store.root}, and there are {free >> 20:,}"
        raise PrepareError(f"Preparing {architecture.name} needs {megabytes}.")


def _bytes(model: Path) -> int:
    return sum(path.stat().st_size for path in (model, *model.rglob("*")) if path.is_file())


def _weights(architecture: Architecture, source: Path | None, folder: Path) -> Weights:
    if source is None:
        record = FileRecord.of(folder / RANDOM_WEIGHTS_FILE)
        return Weights(kind=WeightsKind.RANDOM, path=Path(RANDOM_WEIGHTS_FILE), record=record)
    file = source / "saved_model.pb" if source.is_dir() else source
    return Weights(kind=_kind(architecture, source), path=file.resolve(), record=FileRecord.of(file))


def _kind(architecture: Architecture, source: Path) -> WeightsKind:
    if architecture.name == POCKET:
        return WeightsKind.POCKET
    return WeightsKind.IMAGENET if is_published(source, architecture) else WeightsKind.FILE
