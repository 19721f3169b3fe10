"""The class table of ImageNet-1k, in Keras's order (the WordNet ids, sorted)."""

from collections import Counter
from functools import cache
from pathlib import Path
from typing import NamedTuple

from models.errors import PrepareError

IMAGENET = Path(__file__).with_name("imagenet_classes.tsv")


class Label(NamedTuple):
    """*id* is the WordNet id (n02099601), *name* the class as Keras's decode_predictions spells it."""

    id: str
    name: str


def read_labels(file: Path) -> tuple[Label, ...]:
    """Return the classes of a text file, one a line: a name, or an id, a tab and a name.

    Raises: PrepareError: it can't be read, a line is empty, or a class is there twice.
    """
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise PrepareError(f"{file} can't be read: {error}") from error
    labels = []
    for number, line in enumerate(lines, 1):
        label, tab, name = line.partition("\t")
        label, name = label.strip(), name.strip()
        if not label or (tab and not name):
            raise PrepareError(f"{file}, line {number}: no class")
        labels.append(Label(label, name or label))
    counts = Counter(label.id for label in labels)
    if twice := [label for label, count in counts.items() if count > 1]:
        raise PrepareError(f"{file}: {twice[0]} is there twice")
    return tuple(labels)


@cache
def imagenet_labels() -> tuple[Label, ...]:
    """Return the 1,000 labels; index i belongs to column i of the scores."""
    lines = IMAGENET.read_text(encoding="utf-8").splitlines()
    return tuple(Label(*line.split("\t")) for line in lines)
