"""The service as people write it first, to measure against: Keras's model.predict, a temporary file, Flask.

Run as `gunicorn -w 4 bench.naive_app:app` with NAIVE_WEIGHTS naming a weights file of ResNet50.
"""

import os
import tempfile

import keras
import numpy as np
from flask import Flask, Response, jsonify, request

app = Flask(__name__)
model = keras.applications.ResNet50(weights=os.environ["NAIVE_WEIGHTS"])


@app.get("/readyz")
def ready() -> Response:
    """Answer once the model is loaded."""
    return jsonify(status="ready")


@app.post("/predict")
def predict() -> Response:
    """Answer with the three likeliest classes."""
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        request.files["file"].save(file.name)
        image = keras.utils.load_img(file.name, target_size=(224, 224))
    batch = keras.applications.resnet50.preprocess_input(np.array(image)[np.newaxis])
    scores = model.predict(batch, verbose=0)[0]
    return jsonify(results=[{"class": int(i), "prob": float(scores[i])} for i in scores.argsort()[:-4:-1]])
