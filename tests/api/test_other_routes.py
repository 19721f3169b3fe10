from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from config import load_settings
from models.errors import ArtifactError
from tests.fakes import served
from tests.pictures import encode, multipart, photo_like


def test_models_lists_every_configured_model_with_its_state(client: FlaskClient) -> None:
    body = client.get("/models").get_json()
    assert body["default"] == "resnet50"
    assert {m["name"]: m["state"] for m in body["models"]} == {
        "resnet50": "ready",
        "vgg16": "weights_missing",
        "inceptionv3": "failed",
        "mobilenetv2": "ready",
    }


def test_one_model_tells_what_is_known_about_it(client: FlaskClient) -> None:
    body = client.get("/models/ResNet50").get_json()
    assert body["input"] == {"height": 224, "width": 224, "preprocessing": "caffe"}
    assert body["parameters"] == 25_636_712
    assert body["published_accuracy"] == {"top1": 74.9, "top5": 92.1}
    assert body["weights"] == {"source": "imagenet", "sha256": "00" * 32}
    assert (body["version"], body["precision"], body["classes"]) == ("0123456789ab", "float32", 1000)
    assert client.get("/models/vgg61").get_json()["code"] == "not_found"


def test_a_process_with_a_failed_model_is_live_and_not_ready_and_says_which(client: FlaskClient) -> None:
    assert client.get("/livez").status_code == 200
    for path in ("/readyz", "/healthz"):
        answer = client.get(path)
        assert answer.status_code == 503
        assert answer.get_json()["reasons"] == {"inceptionv3": "float32.tflite is not the file that was prepared"}


def test_a_process_whose_models_answer_is_ready_only_after_its_start() -> None:
    app = create_app(load_settings({}), lambda _: served())
    client = app.test_client()
    assert client.get("/readyz").status_code == 503
    app.extensions["triptych"].start()
    assert client.get("/readyz").get_json()["status"] == "ready"


def test_a_service_that_was_told_to_stop_is_live_not_ready_and_answers() -> None:
    app = create_app(load_settings({}), lambda _: served())
    app.extensions["triptych"] = replace(app.extensions["triptych"], is_ending=lambda: True)
    app.extensions["triptych"].start()
    client = app.test_client()
    for path in ("/readyz", "/healthz"):
        answer = client.get(path)
        assert (answer.status_code, answer.get_json()["code"]) == (503, "not_ready")
        assert answer.get_json()["reasons"] == {"service": "draining"}
        assert "draining" in answer.get_json()["detail"]
    assert client.get("/livez").status_code == 200
    assert client.post("/predict", **multipart(encode(photo_like(60, 60), "JPEG"))).status_code == 200


def test_a_model_that_fails_its_self_test_is_not_ready_says_so_and_answers_no_more() -> None:
    def fail() -> None:
        raise ArtifactError("known answers differ by 0.5; at most 0.0001 is allowed")

    app = create_app(load_settings({}), lambda _: served(self_test=fail))
    app.extensions["triptych"].start()
    client = app.test_client()
    assert client.get("/readyz").status_code == 200
    app.extensions["triptych"].registry.self_test("resnet50")
    assert client.get("/readyz").get_json()["reasons"] == {
        "resnet50": "known answers differ by 0.5; at most 0.0001 is allowed"
    }
    refused = client.post("/predict", **multipart(encode(photo_like(60, 60), "JPEG")))
    assert (refused.status_code, refused.get_json()["code"]) == (503, "not_ready")
    shown = client.get("/models/resnet50").get_json()
    assert (shown["state"], shown["version"]) == ("failed", "0123456789ab")
    assert shown["reason"].startswith("known answers differ")


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-request-id"}


def test_a_listed_page_may_call_from_a_browser(client: FlaskClient) -> None:
    preflight = client.options("/predict", headers={"Origin": "https://page.example", **PREFLIGHT})
    assert preflight.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
    error = client.post("/predict", headers={"Origin": "https://page.example"})
    assert error.headers["Access-Control-Allow-Origin"] == "https://page.example"
    assert "Server-Timing" in error.headers["Access-Control-Expose-Headers"]
    assert "Origin" in error.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://page.example.evil", "https://evil", "http://page.example", "null"])
def test_no_other_page_may(client: FlaskClient, origin: str) -> None:
    answer = client.options("/predict", headers={"Origin": origin, **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_without_the_setting_no_page_may() -> None:
    app: Flask = create_app(load_settings({}), lambda _: served())
    answer = app.test_client().options("/predict", headers={"Origin": "https://page.example", **PREFLIGHT})
    assert "Access-Control-Allow-Origin" not in answer.headers
