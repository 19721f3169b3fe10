"""The service as people write it first, to measure against: Keras's model.predict, a temporary file, Flask.

Run as `gunicorn -w 4 bench.baselines.naive:app`; NAIVE_CLASS and NAIVE_MODULE name the network as in
`keras.applications` (ResNet50, resnet50), NAIVE_WEIGHTS a weights file of it.
"""

import os
import tempfile

import keras
import numpy as np
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
model = getattr(keras.applications, os.environ["NAIVE_CLASS"])(weights=os.environ["NAIVE_WEIGHTS"])
preprocess_input = getattr(keras.applications, os.environ["NAIVE_MODULE"]).preprocess_input


@app.get("/readyz")
def ready() -> Response:
    """Answer once the model is loaded."""
    return jsonify(status="ready")


@app.post("/predict")
def predict() -> Response:
    """Answer with the three likeliest classes."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        request.files["file"].save(file.name)
        image = keras.utils.load_img(file.name, target_size=model.input_shape[1:3])
    batch = preprocess_input(np.array(image)[np.newaxis])
    scores = model.predict(batch, verbose=0)[0]
    return jsonify(results=[{"class": int(i), "prob": float(scores[i])} for i in scores.argsort()[:-4:-1]])
