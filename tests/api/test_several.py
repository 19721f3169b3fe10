"""Several images in a request, several models, and both."""

import io
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from config import load_settings
from models.engine import Batch, Scores
from models.errors import WeightsMissing
from models.manifest import WeightsKind
from models.served import ServedModel
from tests.api.test_predict import BIG_JPEG, BRIGHT, DARK, JPEG, post
from tests.fakes import BrightnessEngine, BrokenEngine, served
from tests.pictures import multipart


class OppositeEngine(BrightnessEngine):
    """Takes bright for dark."""

    def run(self, batch: Batch, threads: int = 1) -> Scores:
        return super().run(-batch)


def service(**models: ServedModel | Exception) -> FlaskClient:
    def load(name: str) -> ServedModel:
        if isinstance(found := models[name], Exception):
            raise found
        return found

    app = create_app(load_settings({"TRIPTYCH_MODELS": ",".join(models)}), load)
    app.extensions["triptych"].start()
    return app.test_client()


def send(client: FlaskClient, *uploads: bytes, **fields: str | list[str]) -> TestResponse:
    return client.post("/predict", **multipart(*uploads, **fields))


def test_several_images_are_answered_in_the_order_sent(client: FlaskClient) -> None:
    answer = send(client, BRIGHT, DARK, BRIGHT, top="1")
    entries = answer.get_json()["predictions"]
    assert [entry["file"] for entry in entries] == ["0.jpg", "1.jpg", "2.jpg"]
    classes = [entry["results"][0]["class"] for entry in entries]
    assert classes == ["golden_retriever", "tench", "golden_retriever"]
    assert entries[0] == {"file": "0.jpg"} | post(client, top="1").get_json() | {
        "request_id": answer.headers["X-Request-ID"]
    }


def test_a_bad_image_spoils_its_own_entry_only(client: FlaskClient) -> None:
    answer = send(client, b"I am text", BRIGHT, JPEG[:9000], BIG_JPEG)
    assert answer.status_code == 200
    text, good, cut, large = answer.get_json()["predictions"]
    assert good["results"][0]["class"] == "golden_retriever"
    assert (text["code"], text["status"], text["error"]) == ("unsupported_format", 415, "Unsupported image format")
    assert (cut["code"], cut["status"]) == ("truncated_image", 422)
    assert (large["code"], large["status"]) == ("upload_too_large", 413)
    assert set(text) == {"file", "error", "code", "status", "detail"}


def test_a_batch_alone_of_bad_images_is_answered_too(client: FlaskClient) -> None:
    answer = send(client, b"a", b"b")
    assert answer.status_code == 200
    assert {entry["code"] for entry in answer.get_json()["predictions"]} == {"unsupported_format"}


def test_a_broken_engine_shows_in_each_entry_and_not_its_reason(client: FlaskClient) -> None:
    answer = send(client, BRIGHT, DARK, model="mobilenetv2")
    assert {entry["code"] for entry in answer.get_json()["predictions"]} == {"internal_error"}
    assert "broke" not in answer.get_data(as_text=True)


def test_empty_parts_of_a_browser_do_not_count(client: FlaskClient) -> None:
    data = {"file": [(io.BytesIO(BRIGHT), "a.png"), (io.BytesIO(b""), "")]}
    assert "results" in client.post("/predict", data=data).get_json()
    most = {"file": [(io.BytesIO(BRIGHT), "a.png") for _ in range(4)] + [(io.BytesIO(b""), "")]}
    assert len(client.post("/predict", data=most).get_json()["predictions"]) == 4


@pytest.mark.parametrize("models", [["vgg16", "resnet50"], ["vgg16,resnet50"], ["VGG16, ResNet50"], ["all"], ["ALL,x"]])
def test_several_models_answer_side_by_side_and_together(models: list[str]) -> None:
    client = service(vgg16=served(), resnet50=served(OppositeEngine()))
    body = send(client, BRIGHT, model=models).get_json()
    assert list(body["models"]) == ["vgg16", "resnet50"]
    assert body["model"] == "ensemble"
    assert body["models"]["vgg16"]["results"][0]["class"] == "golden_retriever"
    assert body["models"]["resnet50"]["results"][0]["class"] == "tench"
    assert body["models"]["vgg16"]["model"] == "vgg16"
    probs = {result["class"]: result["prob"] for result in body["results"]}
    assert probs["golden_retriever"] == pytest.approx(0.5, abs=0.01)
    assert probs["tench"] == pytest.approx(0.5, abs=0.01)


def test_the_ensemble_is_the_mean_over_all_classes(client: FlaskClient) -> None:
    client = service(vgg16=served(), resnet50=served())
    body = send(client, BRIGHT, model="all", top="5").get_json()
    for mean, one in zip(body["results"], body["models"]["vgg16"]["results"], strict=True):
        assert mean == {**one, "prob": pytest.approx(one["prob"], abs=2e-6)}


def test_random_models_never_enter_an_ensemble_with_others() -> None:
    random = served(OppositeEngine(), WeightsKind.RANDOM)
    body = send(service(vgg16=served(), resnet50=random), BRIGHT, model="all").get_json()
    assert "results" not in body
    assert "model" not in body
    assert set(body["models"]) == {"vgg16", "resnet50"}
    both = send(service(vgg16=served(), resnet50=served(), mobilenetv2=random), BRIGHT, model="all").get_json()
    assert both["results"] == both["models"]["vgg16"]["results"]


def test_models_with_other_classes_make_no_ensemble() -> None:
    other = replace(served(), labels_sha256="another")
    assert "results" not in send(service(vgg16=served(), resnet50=other), BRIGHT, model="all").get_json()


def test_all_are_those_with_weights_and_a_named_one_without_is_refused() -> None:
    client = service(vgg16=WeightsMissing("none"), resnet50=served(), inceptionv3=served())
    assert set(send(client, BRIGHT, model="all").get_json()["models"]) == {"resnet50", "inceptionv3"}
    refused = send(client, BRIGHT, model="vgg16,resnet50")
    assert (refused.status_code, refused.get_json()["code"]) == (503, "weights_missing")
    none = send(service(vgg16=WeightsMissing("none")), BRIGHT, model="all")
    assert (none.status_code, none.get_json()["code"]) == (503, "weights_missing")


def test_all_of_one_is_that_one() -> None:
    body = send(service(vgg16=served()), BRIGHT, model="all").get_json()
    assert body["model"] == "vgg16"
    assert body["results"] == body["models"]["vgg16"]["results"]


def test_an_unknown_name_among_several_is_refused(client: FlaskClient) -> None:
    assert send(client, BRIGHT, model="resnet50,vgg61").get_json()["code"] == "invalid_model"


def test_several_images_and_models_at_once() -> None:
    client = service(vgg16=served(), resnet50=served(OppositeEngine()))
    answer = send(client, BRIGHT, b"x", DARK, model="all")
    first, bad, last = answer.get_json()["predictions"]
    assert first["models"]["vgg16"]["results"][0]["class"] == last["models"]["resnet50"]["results"][0]["class"]
    assert bad["code"] == "unsupported_format"
    assert answer.headers["Server-Timing"].count(";dur=") == 3


def test_one_failing_model_of_several_fails_the_image() -> None:
    assert send(service(vgg16=served(), resnet50=served(BrokenEngine())), BRIGHT, model="all").status_code == 500
