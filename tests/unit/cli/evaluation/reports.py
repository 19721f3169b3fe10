"""A small evaluation to be shown: nine photos of three classes, two networks and their ensemble, hostile names."""

from pathlib import Path

import numpy as np

from cli.evaluation.report import Report
from models.answers import Answers
from models.contestants import contestants
from models.evaluate import Evaluation, FailedPhoto
from models.figures import figures_of
from models.labels import imagenet_labels
from models.manifest import WeightsKind
from models.photo_labels import LabelledPhoto
from preprocessing.spec import Resize
from tests.pictures import encode, photo_like
from tests.unit.models.builds import BUILT
from tests.unit.models.members import member

HOSTILE = '<img src=x onerror="alert(1)">&\n\x1b[31m.png'
SHARK = 2  # great_white_shark


def report(folder: Path, *, recognised: bool = False, weights: WeightsKind = WeightsKind.FILE) -> Report:
    """One photo of class 0 (the one with the hostile name) is taken for class 2 unless *recognised*; no other is."""
    names = [HOSTILE, *(f"{number}.png" for number in range(8))]
    for name in names:
        (folder / name).write_bytes(encode(photo_like(40, 60), "PNG"))
    photos = tuple(LabelledPhoto(folder / name, number % 3) for number, name in enumerate(names))
    members = [member(name, precision, weights) for name in ("resnet50", "vgg16") for precision in BUILT]
    answers = tuple(Answers(one, resize) for one in contestants(members) for resize in Resize)
    for one in answers:
        for number, photo in enumerate(photos):
            scores = np.full(1000, 1e-4, np.float32)
            scores[SHARK if number == 0 and not recognised else photo.truth] = 0.9
            one.add(scores, 0.004, 0.01)
    evaluation = Evaluation(photos, answers, (FailedPhoto(folder / "cut<b>.jpg", "truncated_image"),))
    labels = imagenet_labels()
    figures = figures_of(evaluation, len(labels))
    return Report(folder, evaluation, figures, (folder / "what<b>.jpg",), ("vgg19 is not served",), labels, 2)
