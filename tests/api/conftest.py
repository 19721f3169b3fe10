from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient

from access.api_key import new_key
from access.caller import Scope
from access.key_file import edited
from app import create_app
from config import load_settings
from models.errors import ArtifactError, WeightsMissing
from models.served import ServedModel
from tests.fakes import BrokenEngine, NanEngine, served
from tests.redis_server import redis_server

SETTINGS = {
    "TRIPTYCH_MODELS": "resnet50,vgg16,inceptionv3,mobilenetv2",
    "TRIPTYCH_MAX_UPLOAD_MB": "1",
    "TRIPTYCH_MAX_REQUEST_MB": "2",
    "TRIPTYCH_MAX_PIXELS": "1000000",
    "TRIPTYCH_MAX_FILES": "4",
    "TRIPTYCH_CORS_ORIGINS": "https://page.example,https://other.example",
}


def load(name: str) -> ServedModel:
    """resnet50 answers; the others each have a fault of their own."""
    if name == "vgg16":
        raise WeightsMissing("vgg16 has no weights. Get https://… and put it into WEIGHTS_DIR.")
    if name == "inceptionv3":
        raise ArtifactError("float32.tflite is not the file that was prepared")
    if name == "mobilenetv2":
        return served(BrokenEngine())
    return served()


@pytest.fixture
def app() -> Flask:
    made = create_app(load_settings(SETTINGS), load)
    made.extensions["triptych"].start()
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def nan_client() -> FlaskClient:
    made = create_app(load_settings({}), lambda _: served(NanEngine()))
    made.extensions["triptych"].start()
    return made.test_client()


def started(**settings: str) -> Flask:
    """Return the application under *settings*, its models loaded."""
    given = {"MODELS": "resnet50", "CORS_ORIGINS": "https://page.example", "MAX_UPLOAD_MB": "1", "MAX_REQUEST_MB": "2"}
    made = create_app(load_settings({f"TRIPTYCH_{name}": value for name, value in (given | settings).items()}), load)
    made.extensions["triptych"].start()
    return made


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, str]:
    """A file with a key for each scope, and those keys."""
    made = {scope.value: new_key("x", (scope,), datetime.now(UTC), None) for scope in Scope}
    with edited(tmp_path / "keys.json") as kept:
        kept.update((key.id, key) for _, key in made.values())
    return {scope: key for scope, (key, _) in made.items()} | {"file": str(tmp_path / "keys.json")}


@pytest.fixture(scope="session")
def one_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Redis that outlives the tests of this folder."""
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.url


@pytest.fixture
def redis_url(one_redis: str) -> str:
    """That Redis, empty."""
    with redis.Redis.from_url(one_redis) as client:
        client.flushall()
    return one_redis
