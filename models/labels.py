"""The class table of ImageNet-1k, in Keras's order (the WordNet ids, sorted)."""

import hashlib
from functools import cache
from pathlib import Path
from typing import NamedTuple

IMAGENET = Path(__file__).with_name("imagenet_classes.tsv")


class Label(NamedTuple):
    """*id* is the WordNet id (n02099601), *name* the class as Keras's decode_predictions spells it."""

    id: str
    name: str


@cache
def labels_sha256() -> str:
    """Return the hash of the table's ids, for the manifest: a name that is spelled anew makes no model another."""
    return hashlib.sha256("\n".join(label.id for label in imagenet_labels()).encode()).hexdigest()


@cache
def imagenet_labels() -> tuple[Label, ...]:
    """Return the 1,000 labels; index i belongs to column i of the scores."""
    lines = IMAGENET.read_text(encoding="utf-8").splitlines()
    return tuple(Label(*line.split("\t")) for line in lines)
