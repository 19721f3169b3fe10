"""What Keras makes of the parts of a distillation. Run in a process of its own (TensorFlow); a line of JSON.

python -m tests.e2e.distill_facts loss      some losses, and what they are of
python -m tests.e2e.distill_facts steps DIR the optimiser's steps of the course there
python -m tests.e2e.distill_facts mixed     the dtypes of students' logits under mixed_bfloat16
python -m tests.e2e.distill_facts patience  after how many epochs, of one that is never better, it stops
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import keras
import numpy as np

from models.distilling.history import WATCHED
from models.distilling.loss import MixedLoss
from models.distilling.student import logits_of
from models.distilling.train import _Patience

TEMPERATURE = 3.0
HARD = (0.0, 0.3, 1.0)
STUDENTS = ("resnet10", "mobilenet", "mobilenetv2", "mobilenetv3small")


def loss() -> dict[str, Any]:
    """The loss (3,) of three images at each share of the labels, and what it is of.

    Logits are (3, 5), targets (3, 6): a column of labels, then logarithms of the teacher's probabilities.
    """
    rng = np.random.default_rng(3)
    logits, teacher = rng.normal(0, 2, (2, 3, 5)).astype(np.float32)
    teacher -= 4  # of some of its classes: they don't sum to 1
    targets = np.concatenate([np.array([[4], [0], [2]]), teacher], axis=1, dtype=np.float32)
    losses = {hard: np.asarray(MixedLoss(TEMPERATURE, hard).call(targets, logits)).tolist() for hard in HARD}
    return {"logits": logits.tolist(), "targets": targets.tolist(), "temperature": TEMPERATURE, "losses": losses}


def mixed() -> dict[str, list[str]]:
    """Of each student: the dtype of its logits, and that in which their layer computes."""
    keras.config.set_dtype_policy("mixed_bfloat16")
    found = {}
    for name in STUDENTS:
        network = logits_of(name, 7, 64, 0.5)
        last = next(layer for layer in reversed(network.layers) if layer.weights)
        out = network(np.zeros((1, 64, 64, 3), np.float32))
        found[name] = [keras.backend.standardize_dtype(out.dtype), last.compute_dtype, network.layers[1].compute_dtype]
    return found


def steps(folder: str) -> int:
    """How often the optimiser of the one course in *folder* has been asked for a step."""
    (checkpoint,) = Path(folder).glob("*/checkpoint/latest.weights.h5")
    with h5py.File(checkpoint) as file:
        return int(file["optimizer/vars/0"][()])


def patience() -> dict[str, int]:
    """With a patience of 5: from the start, and after a cut-off behind which 3 of them lie."""
    return {str(waited): _epochs(_Patience(5, 0.5, waited)) for waited in (0, 3)}


def _epochs(patience: _Patience) -> int:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.stop_training = False  # as `fit` begins
    patience.set_model(model)
    patience.on_train_begin()
    for epoch in range(20):
        patience.on_epoch_end(epoch, {WATCHED: 0.4})
        if model.stop_training:
            return epoch + 1
    return 0


if __name__ == "__main__":
    parts: dict[str, Callable[..., Any]] = {"loss": loss, "mixed": mixed, "steps": steps, "patience": patience}
    sys.stdout.write(json.dumps(parts[sys.argv[1]](*sys.argv[2:])) + "\n")
