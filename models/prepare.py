"""weights -> prepared model: float32 `.tflite`, int8 `.tflite`, known answers, manifest. Itself imports no runtime."""

import shutil
from collections.abc import Callable
from functools import partial
from importlib import metadata
from pathlib import Path

from models.catalog import Architecture
from models.child import run_in_child
from models.errors import PrepareError
from models.file_record import FileRecord
from models.labels import imagenet_labels, labels_sha256
from models.manifest import (
    FORMAT,
    KNOWN_ANSWERS_FILE,
    RANDOM_WEIGHTS_FILE,
    Artifact,
    Manifest,
    Precision,
    Weights,
    WeightsKind,
    input_of,
)
from models.plan import Job
from models.store import Store
from models.weights import is_published

STEPS = 6  # build, export, convert (models/convert.py), quantise, check (models/quantise.py), hash (here)
_VERSIONS_OF = ("tensorflow", "keras", "ai-edge-litert", "ai-edge-quantizer", "numpy")
# 4 each for saved model, float32 artifact, random weights and packed float32; 1 for int8, 1 packed, 1 to spare
_FREE_BYTES_PER_PARAMETER = 19


def build(store: Store, job: Job, step: Callable[[str], None]) -> Manifest:
    """Build one model and publish it whole. Call under `store.lock()`; *step* is told each of the `STEPS`.

    Raises: PrepareError: conversion failed or the result does not answer like Keras; what was served before stays.
    """
    architecture = job.architecture
    _need_space(store, architecture)
    with store.building(architecture.name, random=job.weights is None) as folder:
        log = folder / "build.log"
        weights = str(job.weights) if job.weights else None
        run = partial(run_in_child, log=log, step=step, name=architecture.name, folder=str(folder))
        classes = run("models.convert", "convert", weights=weights)
        if classes != len(imagenet_labels()):
            raise PrepareError(
                f"{architecture.name} has {classes} classes; the label table has {len(imagenet_labels())}"
            )
        changes = run("models.quantise", "quantise", classes=classes)
        step("hash")
        manifest = manifest_of(job, folder, classes, changes)
        manifest.write(folder)
    return manifest


def manifest_of(job: Job, folder: Path, classes: int, changes: dict[Precision, float]) -> Manifest:
    """Hash what was built into *folder* and describe it; *changes* as `Artifact.max_change`, by precision."""
    files = {precision: FileRecord.of(folder / precision.file) for precision in Precision}
    return Manifest(
        format=FORMAT,
        name=job.architecture.name,
        weights=_weights(job.architecture, job.weights, folder),
        input=input_of(job.architecture),
        classes=classes,
        labels_sha256=labels_sha256(),
        artifacts={p: Artifact(record=record, max_change=changes[p]) for p, record in files.items()},
        known_answers=FileRecord.of(folder / KNOWN_ANSWERS_FILE),
        versions={name: metadata.version(name) for name in _VERSIONS_OF},
    )


def _need_space(store: Store, architecture: Architecture) -> None:
    needed = architecture.parameters * _FREE_BYTES_PER_PARAMETER
    free = shutil.disk_usage(store.root).free
    if free < needed:
        megabytes = f"{needed >> 20:,} MB free in {store.root}, and there are {free >> 20:,}"
        raise PrepareError(f"Preparing {architecture.name} needs {megabytes}.")


def _weights(architecture: Architecture, source: Path | None, folder: Path) -> Weights:
    if source is None:
        record = FileRecord.of(folder / RANDOM_WEIGHTS_FILE)
        return Weights(kind=WeightsKind.RANDOM, path=Path(RANDOM_WEIGHTS_FILE), record=record)
    kind = WeightsKind.IMAGENET if is_published(source, architecture) else WeightsKind.FILE
    return Weights(kind=kind, path=source.resolve(), record=FileRecord.of(source))
