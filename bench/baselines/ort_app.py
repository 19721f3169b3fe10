"""FastAPI + ONNX Runtime with our decoding and resizing, so that only engine and server differ.

Run as `uvicorn --factory bench.baselines.ort_app:create_app --workers N`; ORT_MODEL names the `.onnx`, ORT_THREADS the
threads of one inference.
"""

import os
from typing import Annotated, Any

import numpy as np
import onnxruntime
from fastapi import FastAPI, File

from models.catalog import CATALOG
from preprocessing.decode import decode
from preprocessing.spec import Resize
from preprocessing.transform import min_decode_side, transform


def create_app() -> FastAPI:
    """Return the application, its model loaded."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["ORT_THREADS"])
    session = onnxruntime.InferenceSession(os.environ["ORT_MODEL"], options, providers=["CPUExecutionProvider"])
    spec = CATALOG["resnet50"].input
    min_side = min_decode_side(spec, Resize.CROP)

    # Not async: Starlette runs it in its pool of threads, and ONNX Runtime lets go of the GIL.
    def predict(file: Annotated[bytes, File()]) -> dict[str, Any]:
        tensor = transform(decode(file, min_side=min_side), spec)
        scores = session.run(None, {"image": tensor[np.newaxis]})[0][0]
        return {"results": [{"class": int(i), "prob": float(scores[i])} for i in scores.argsort()[:-4:-1]]}

    app = FastAPI()
    app.add_api_route("/predict", predict, methods=["POST"])
    app.add_api_route("/readyz", lambda: {"status": "ready"})
    return app
