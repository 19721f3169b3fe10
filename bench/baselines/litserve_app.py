"""LitServe + Keras with our decoding and resizing, so that only engine and server differ.

python -m bench.baselines.litserve_app PORT WORKERS THREADS WEIGHTS
"""

import sys
from typing import Any

import keras
import litserve
import numpy as np
import tensorflow as tf
from fastapi import Request
from litserve.utils import configure_logging

from models.catalog import CATALOG
from preprocessing.decode import decode
from preprocessing.spec import Resize
from preprocessing.transform import Tensor, min_decode_side, transform

SPEC = CATALOG["resnet50"].input
MIN_SIDE = min_decode_side(SPEC, Resize.CROP)


class ResNet50(litserve.LitAPI):  # type: ignore[misc]  # litserve is not installed where mypy runs
    """Decoding, inference and answer in a worker process, as LitServe wants it."""

    def __init__(self, threads: int, weights: str) -> None:
        super().__init__()
        self._threads, self._weights = threads, weights

    def setup(self, device: str) -> None:
        """Load the network in the worker."""
        tf.config.threading.set_intra_op_parallelism_threads(self._threads)
        self._model = keras.applications.ResNet50(weights=self._weights)

    def decode_request(self, request: Request) -> Tensor:
        """Return the tensor (height, width, 3) of the uploaded image; LitServe has parsed the form by then."""
        return transform(decode(request["file"].file.read(), min_side=MIN_SIDE), SPEC)

    def predict(self, tensor: Tensor) -> Any:
        """Return the scores (classes,): the fastest of Keras's calls for one image (FACTS)."""
        return self._model.predict_on_batch(tensor[np.newaxis])[0]

    def encode_response(self, scores: Any) -> dict[str, Any]:
        """Return the three likeliest classes."""
        return {"results": [{"class": int(i), "prob": float(scores[i])} for i in scores.argsort()[:-4:-1]]}


if __name__ == "__main__":
    configure_logging(level="ERROR")
    port, workers, threads, weights = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    server = litserve.LitServer(
        ResNet50(threads, weights),
        accelerator="cpu",
        workers_per_device=workers,
        healthcheck_path="/readyz",
        timeout=60,
    )
    server.run(host="127.0.0.1", port=port, generate_client_file=False, log_level="warning")
