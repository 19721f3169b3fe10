import hashlib
import json
import re

import pytest

from models.catalog import CATALOG
from models.labels import imagenet_labels
from preprocessing.spec import Normalisation
from tests.conftest import ROOT

# Keras's documentation of each preprocess_input, and FACTS: the brief's sample mixes these up. All of them:
# tests/e2e/test_catalog.py.
EXPECTED = {
    "vgg16": (224, Normalisation.CAFFE),
    "resnet50": (224, Normalisation.CAFFE),
    "inceptionv3": (299, Normalisation.TF),
    "mobilenetv2": (224, Normalisation.TF),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_size_and_normalisation_are_the_right_ones(name: str) -> None:
    spec = CATALOG[name].input
    assert (spec.height, spec.normalisation) == EXPECTED[name]
    assert spec.width == spec.height


def test_the_readme_lists_all() -> None:
    rows = re.findall(
        r"\| `(\w+)` \| (\d+) x \d+ \| (\w+) \| ([\d.]+) M \| ([\d.]+) % \|", (ROOT / "README.md").read_text()
    )
    told = [
        (a.name, str(a.input.height), a.input.normalisation.value, f"{(a.parameters or 0) / 1e6:.1f}", str(a.top1))
        for a in CATALOG.values()
    ]
    assert rows == told


def test_there_are_a_thousand_labels_in_the_order_of_their_ids() -> None:
    labels = imagenet_labels()
    assert len(labels) == 1000
    assert [label.id for label in labels] == sorted({label.id for label in labels})
    assert labels[207].name == "golden_retriever"


def test_the_labels_are_keras_s() -> None:
    """Written as Keras's own file is, they have the hash that Keras 3.15.1 checks it by (`imagenet_utils`)."""
    table = {str(index): list(label) for index, label in enumerate(imagenet_labels())}
    found = hashlib.md5(json.dumps(table).encode(), usedforsecurity=False).hexdigest()
    assert found == "c2c37ea517e94d9795004a39431a14cb"
