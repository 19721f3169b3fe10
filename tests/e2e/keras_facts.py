"""What Keras itself knows of each network of the catalog. Run in a process of its own (TensorFlow).

python -m tests.e2e.keras_facts NAME...      a line of JSON for each
"""

import importlib
import json
import sys
from typing import Any

import keras
from keras.src.utils import file_utils

from models.catalog import CATALOG
from models.keras_model import graph

ASKED: dict[str, Any] = {}


def get_file(fname: str, origin: str, **options: Any) -> str:
    """Note what would be downloaded."""
    ASKED.update(file_name=fname, url=origin, digest=options.get("file_hash"))
    return fname


def layers(model: keras.Model) -> list[Any]:
    """The class of each layer and the shapes of its weights; names differ from build to build."""
    return [[type(layer).__name__, [list(weight.shape) for weight in layer.weights]] for layer in model.layers]


def facts(name: str) -> dict[str, Any]:
    """Build it as `weights="imagenet"` does, and as we do."""
    architecture = CATALOG[name]
    model = getattr(keras.applications, architecture.keras.keras_class)(weights="imagenet")
    known = {"size": model.input_shape[1], "parameters": model.count_params()} | ASKED
    module = importlib.import_module(f"keras.applications.{architecture.keras.module}")
    official, ours = layers(model), layers(graph(architecture))
    plain = layers(getattr(keras.applications, architecture.keras.keras_class)(weights=None))
    own = sys.modules[getattr(keras.applications, architecture.keras.keras_class).__module__]
    return known | {
        "preprocesses_so": own.preprocess_input is module.preprocess_input,
        "ours_is_official": ours == official,
        "plain_is_official": plain == official,
    }


if __name__ == "__main__":
    file_utils.get_file = get_file
    keras.Model.load_weights = lambda *_, **__: None
    for each in sys.argv[1:]:
        sys.stdout.write(json.dumps(facts(each)) + "\n")
        keras.backend.clear_session()
