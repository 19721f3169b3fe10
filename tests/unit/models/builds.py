"""Prepared models small enough for unit tests: real store, real manifest, a few bytes for each file."""

import numpy as np

from models.catalog import CATALOG
from models.file_record import FileRecord
from models.known_answers import KnownAnswers
from models.labels import labels_sha256
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


def fake_build(store: Store, job: Job) -> Manifest:
    """What `models.prepare.build` publishes, without a network in it; its fake answer is class 207 for everything."""
    architecture, random = job.architecture, job.weights is None
    with store.lock(), store.building(architecture.name, random=random) as folder:
        spec = architecture.input
        scores = np.full((4, 1000), 1e-5, np.float32)
        images = np.full((4, spec.height, spec.width, 3), 255, np.uint8)
        scores[:, 207], scores[:, 0] = 1, 0
        KnownAnswers(images, dict.fromkeys(Precision, scores)).write(folder)
        for precision in Precision:
            (folder / precision.file).write_bytes(precision.encode() * 100)
        source = job.weights or folder / RANDOM_WEIGHTS_FILE
        if random:
            source.write_bytes(b"weights")
        manifest = Manifest(
            format=FORMAT,
            name=architecture.name,
            weights=Weights(
                kind=WeightsKind.RANDOM if random else WeightsKind.FILE,
                path=job.weights or source.relative_to(folder),
                record=FileRecord.of(source),
            ),
            input=input_of(architecture),
            classes=1000,
            labels_sha256=labels_sha256(),
            artifacts={p: Artifact(record=FileRecord.of(folder / p.file), max_change=0.0) for p in Precision},
            known_answers=FileRecord.of(folder / KNOWN_ANSWERS_FILE),
            versions={},
        )
        manifest.write(folder)
    return manifest


MOBILENET = CATALOG["mobilenetv2"]
