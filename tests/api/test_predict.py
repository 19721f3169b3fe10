import io
from typing import Any

import numpy as np
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from config import load_settings
from models.served import ServedModel
from tests.fakes import BrokenEngine, served
from tests.pictures import encode, multipart, photo_like, png_header
from web.errors import PROBLEMS

BRIGHT = encode(np.full((30, 40, 3), 250, np.uint8), "PNG")
DARK = encode(np.full((30, 40, 3), 5, np.uint8), "PNG")
JPEG = encode(photo_like(300, 400), "JPEG", quality=95)
TERMINATED: dict[str, Any] = {"environ_overrides": {"wsgi.input_terminated": True}}  # as Gunicorn sets it


def post(client: FlaskClient, upload: bytes = BRIGHT, path: str = "/predict", **fields: str) -> TestResponse:
    return client.post(path, data={"file": (io.BytesIO(upload), "x.jpg"), **fields})


def test_an_image_is_answered_with_its_three_likeliest_labels(client: FlaskClient) -> None:
    answer = post(client)
    assert answer.status_code == 200
    body: dict[str, Any] = answer.get_json()
    assert body["results"][0] == {"class": "golden_retriever", "prob": pytest.approx(0.98, abs=0.01), "id": "n02099601"}
    assert len(body["results"]) == 3
    assert list(body) == ["results", "model", "version", "precision", "weights", "request_id"]
    assert (body["model"], body["version"], body["precision"]) == ("resnet50", "0123456789ab", "float32")
    assert body["weights"] == "imagenet"


def test_two_images_have_two_answers(client: FlaskClient) -> None:
    assert post(client, DARK).get_json()["results"][0]["class"] == "tench"


def test_every_route_is_also_under_v1(client: FlaskClient) -> None:
    assert post(client, path="/v1/predict").status_code == 200
    assert client.get("/v1/models").status_code == 200
    assert client.get("/v1/livez").status_code == 200


@pytest.mark.parametrize("name", ["resnet50", "ResNet50", "RESNET50", ""])
def test_the_case_of_a_model_s_name_does_not_matter_and_none_is_the_default(client: FlaskClient, name: str) -> None:
    assert post(client, model=name).get_json()["model"] == "resnet50"


def test_fields_may_stand_in_the_query(client: FlaskClient) -> None:
    assert len(post(client, path="/predict?top=5").get_json()["results"]) == 5
    assert len(post(client, path="/predict?top=5", top="2").get_json()["results"]) == 2


@pytest.mark.parametrize("top", ["1", "10"])
def test_top_says_how_many(client: FlaskClient, top: str) -> None:
    assert len(post(client, top=top).get_json()["results"]) == int(top)


@pytest.mark.parametrize("resize", ["crop", "squash", "keras", "Crop"])
def test_every_resize_is_taken(client: FlaskClient, resize: str) -> None:
    assert post(client, resize=resize).status_code == 200


def test_server_timing_gives_decode_queue_and_inference(client: FlaskClient) -> None:
    timing = post(client).headers["Server-Timing"]
    assert [part.split(";dur=")[0] for part in timing.split(", ")] == ["decode", "queue", "inference"]
    assert all(float(part.split(";dur=")[1]) >= 0 for part in timing.split(", "))


def test_a_request_id_is_taken_over_when_well_formed_and_made_when_not(client: FlaskClient) -> None:
    headers = {"X-Request-ID": "abcd-1234.x"}
    answer = client.post("/predict", data={"file": (io.BytesIO(BRIGHT), "x")}, headers=headers)
    assert answer.headers["X-Request-ID"] == answer.get_json()["request_id"] == "abcd-1234.x"
    assert client.get("/livez", headers={"X-Request-ID": "bad id\x7f"}).headers["X-Request-ID"] != "bad id\x7f"


@pytest.mark.parametrize("size", [1000, 65_000, 65_536, 66_000, 131_072, 200_000, 1 << 20])
def test_a_file_of_any_size_passes_the_form_parser(client: FlaskClient, size: int) -> None:
    for padding in (b"\r", b"\n", b"-", b"\0"):
        upload = BRIGHT + padding * (size - len(BRIGHT))
        assert client.post("/predict", **multipart(upload)).status_code == 200


@pytest.mark.parametrize("size", [(2 << 20) - 1, 2 << 20])
def test_a_form_may_be_as_large_as_a_request(client: FlaskClient, size: int) -> None:
    rest = size - len(multipart(BRIGHT, BRIGHT, model="")["data"])
    form = multipart(BRIGHT + bytes(rest // 2), BRIGHT + bytes(rest - rest // 2), model="") | TERMINATED
    assert len(form["data"]) == size
    assert client.post("/predict", **form).status_code == 200
    assert client.post("/predict", **form | {"data": form["data"] + b" " * (1 + (2 << 20) - size)}).status_code == 413


BIG_JPEG = JPEG + b"\0" * (1 << 20)

BAD_REQUESTS: list[tuple[str, dict[str, Any], int, str]] = [
    ("no body", {}, 400, "missing_file"),
    ("empty form", {"data": {}}, 400, "missing_file"),
    ("urlencoded", {"data": {"file": "x"}}, 400, "missing_file"),
    ("urlencoded bytes", {"data": JPEG, "content_type": "application/x-www-form-urlencoded"}, 400, "missing_file"),
    ("multipart without file", {"data": {"image": (io.BytesIO(BRIGHT), "x")}}, 400, "missing_file"),
    ("no file chosen", {"data": {"file": (io.BytesIO(b""), "")}}, 400, "missing_file"),
    ("file as text", {"data": {"file": "abc"}, "content_type": "multipart/form-data"}, 400, "missing_file"),
    ("no boundary", {"data": b"--x\r\n", "content_type": "multipart/form-data"}, 400, "malformed_body"),
    ("broken multipart", {"data": b"--x\r\nnonsense", "content_type": "multipart/form-data; boundary=x"}, 400,
     "malformed_body"),
    ("raw text", {"data": b"hello", "content_type": "text/plain"}, 415, "unsupported_media_type"),
    ("five files", {"data": {"file": [(io.BytesIO(BRIGHT), "a") for _ in range(5)]}}, 413, "too_many_files"),
    ("1,001 files", multipart(*[BRIGHT] * 1001), 413, "too_many_files"),
    ("1,001 fields", multipart(BRIGHT, model=["a"] * 1001), 413, "upload_too_large"),
    ("a list of 100 KB", multipart(BRIGHT, model="resnet50," * 10_000), 400, "invalid_model"),
    ("lists of 200 KB", multipart(BRIGHT, model=["resnet50," * 2000] * 10), 400, "invalid_model"),
    ("unknown model", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "model": "vgg61"}}, 400, "invalid_model"),
    ("model without weights", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "model": "vgg16"}}, 503, "weights_missing"),
    ("failed model", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "model": "inceptionv3"}}, 503, "not_ready"),
    ("broken engine", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "model": "mobilenetv2"}}, 500, "internal_error"),
    *((f"top {top!r}", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "top": top}}, 400, "invalid_top")
      for top in ("0", "11", "-1", "3.0", "three", "\u0661", "9" * 5000, "000311", "0001" + "1" * 5000)),
    ("resize", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "resize": "stretch"}}, 400, "invalid_resize"),
    ("text named jpg", {"data": {"file": (io.BytesIO(b"I am text"), "x.jpg")}}, 415, "unsupported_format"),
    ("truncated", {"data": {"file": (io.BytesIO(JPEG[:9000]), "x.jpg")}}, 422, "truncated_image"),
    ("corrupt", {"data": {"file": (io.BytesIO(JPEG[:2] + b"\xff\xff\xff\xd9"), "x.jpg")}}, 422, "corrupt_image"),
    ("bomb", {"data": {"file": (io.BytesIO(png_header(30_000, 30_000)), "x.png")}}, 422, "too_many_pixels"),
    ("large file", multipart(BIG_JPEG), 413, "upload_too_large"),
    ("large body", multipart(BIG_JPEG * 2), 413, "upload_too_large"),
    ("large field", {"data": {"file": (io.BytesIO(BRIGHT), "x"), "model": "m" * 200_000}}, 413, "upload_too_large"),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "status", "code"), [pytest.param(*r[1:], id=r[0]) for r in BAD_REQUESTS])
def test_a_bad_request_gets_its_code_in_problem_json(
    client: FlaskClient, request_: dict[str, Any], status: int, code: str
) -> None:
    answer = client.post("/predict", **request_)
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status)
    assert answer.content_type == "application/problem+json"
    assert body["error"] == PROBLEMS[code].error
    assert set(body) == {"type", "title", "status", "detail", "instance", "error", "code", "request_id"}
    assert answer.headers["X-Request-ID"] == body["request_id"]
    assert ("Retry-After" in answer.headers) == (code == "not_ready")


def test_the_briefs_own_sentences_are_kept(client: FlaskClient) -> None:
    assert client.post("/predict").get_json()["error"] == "No file uploaded"
    body = post(client, model="vgg61").get_json()
    assert body["error"] == "Invalid model"
    assert "resnet50" in body["detail"]


def test_an_answer_never_shows_a_trace_or_a_path() -> None:
    secret = "/var/lib/secret"

    def load(name: str) -> ServedModel:
        if name == "vgg16":
            raise ValueError(f"Mmap of {secret} failed")
        return served(BrokenEngine(secret))

    app = create_app(load_settings({}), load)
    app.extensions["triptych"].start()
    client = app.test_client()
    answers = [post(client, model=name) for name in ("vgg16", "resnet50")]
    answers += [client.get(path) for path in ("/readyz", "/models", "/models/vgg16")]
    assert [answer.status_code for answer in answers] == [503, 500, 503, 200, 200]
    for answer in answers:
        text = answer.get_data(as_text=True)
        assert secret not in text
        assert "Traceback" not in text
        assert ".py" not in text


def test_scores_that_are_no_numbers_are_an_error_and_not_an_answer(nan_client: FlaskClient) -> None:
    assert post(nan_client).get_json()["code"] == "internal_error"


def test_a_wrong_method_names_the_right_one(client: FlaskClient) -> None:
    answer = client.get("/predict")
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert "POST" in answer.headers["Allow"]


def test_an_unknown_address_is_not_found(client: FlaskClient) -> None:
    assert client.get("/nowhere").get_json()["code"] == "not_found"
