"""Prepared models small enough for unit tests: real store, real manifest, a few bytes for each file."""

from pathlib import Path

import numpy as np

from models.catalog import CATALOG
from models.judgement import Agreement
from models.known_answers import KnownAnswers
from models.manifest import RANDOM_WEIGHTS_FILE, Manifest, Precision
from models.plan import Job
from models.prepare import manifest_of
from models.store import Store

BUILT = [precision for precision in Precision if precision.artifact is precision]


def fake_build(store: Store, job: Job, agreements: dict[Precision, Agreement] | None = None) -> Manifest:
    """What `models.prepare.build` publishes, without a network in it: it takes everything for class 207 (of 1000)."""
    architecture, random = job.architecture, job.weights is None
    with store.lock(), store.building(architecture.name, random=random) as folder:
        spec = architecture.input
        classes = len(architecture.labels)
        scores = np.full((4, classes), 1e-5, np.float32)
        images = np.full((4, spec.height, spec.width, 3), 255, np.uint8)
        scores[:, 207 % classes], scores[:, 0] = 1, 0
        KnownAnswers(images, dict.fromkeys(BUILT, scores)).write(folder)
        for precision in BUILT:
            (folder / precision.file).write_bytes(precision.encode() * 100)
        if random:
            (folder / RANDOM_WEIGHTS_FILE).write_bytes(b"weights")
        manifest = manifest_of(job, folder, classes, dict.fromkeys(BUILT, 0.0), agreements or {})
        manifest.write(folder)
    return manifest


MOBILENET = CATALOG["mobilenetv2"]

GOOD = Agreement(images=300, compared=250, agreed=250, low=0.98, p99_change=0.03)
REFUSED = GOOD.model_copy(update={"p99_change": 0.3})


def judged_build(cache: Path) -> Manifest:
    """MobileNetV2 with real weights: float16 and int8 passed the gate, int8-static did not."""
    weights = cache / "w.h5"
    weights.write_bytes(b"w")
    judged = {Precision.FLOAT16: GOOD, Precision.INT8: GOOD, Precision.INT8_STATIC: REFUSED}
    return fake_build(Store(cache), Job(MOBILENET, weights), judged)
