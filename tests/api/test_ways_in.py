"""The ways an image comes in: a form, a raw body, JSON. The road behind them is one."""

import base64
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.api.test_predict import BIG_JPEG, BRIGHT, DARK, JPEG, TERMINATED, post
from web.request import MAX_FIELD_BYTES

TEXT = base64.b64encode(BRIGHT).decode()
WRAPPED = base64.encodebytes(BRIGHT).decode()  # a line break every 76 characters, as MIME and Android do


def as_json(client: FlaskClient, body: Any, path: str = "/predict") -> Any:
    return client.post(
        path, data=body if isinstance(body, bytes) else json.dumps(body), content_type="application/json"
    )


def chunked(body: bytes) -> dict[str, Any]:
    """A request's body without its length, as a client's arguments."""
    environ = TERMINATED["environ_overrides"] | {"HTTP_TRANSFER_ENCODING": "chunked"}
    return {"input_stream": io.BytesIO(body), "environ_overrides": environ}


@pytest.mark.parametrize(("kind", "upload"), [("image/png", BRIGHT), ("image/jpeg", JPEG), ("image/jpeg", BRIGHT)])
def test_a_raw_body_is_taken_for_what_its_bytes_are(client: FlaskClient, kind: str, upload: bytes) -> None:
    answer = client.post("/predict?top=2&resize=squash", data=upload, content_type=kind)
    assert answer.status_code == 200
    assert len(answer.get_json()["results"]) == 2


@pytest.mark.parametrize("image", [TEXT, WRAPPED, f"data:image/png;base64,{TEXT}", f"data:;base64,{TEXT}"])
def test_json_brings_base64_or_a_data_url(client: FlaskClient, image: str) -> None:
    answer = as_json(client, {"image": image, "model": "ResNet50", "top": 2, "resize": "keras"})
    assert answer.status_code == 200
    assert answer.get_json()["results"][0]["class"] == "golden_retriever"
    assert len(answer.get_json()["results"]) == 2


def test_every_way_gives_the_same_answer(client: FlaskClient) -> None:
    answers = [
        post(client, JPEG),
        client.post("/predict", data=JPEG, content_type="image/jpeg"),
        as_json(client, {"image": base64.b64encode(JPEG).decode()}),
    ]
    first, *others = [answer.get_json()["results"] for answer in answers]
    assert all(results == first for results in others)


def test_fields_of_json_may_be_missing_null_text_or_in_the_query(client: FlaskClient) -> None:
    assert len(as_json(client, {"image": TEXT, "top": None}).get_json()["results"]) == 3
    assert len(as_json(client, {"image": TEXT, "top": "4"}).get_json()["results"]) == 4
    assert len(as_json(client, {"image": TEXT}, "/predict?top=5").get_json()["results"]) == 5


def test_a_form_without_a_file_name_is_taken_all_the_same(client: FlaskClient) -> None:
    assert client.post("/predict", data={"file": (io.BytesIO(DARK), "")}).status_code == 200


BAD = [
    ("no member image", {}, 400, "missing_file"),
    ("null", {"image": None}, 400, "missing_file"),
    ("empty", {"image": ""}, 400, "missing_file"),
    ("a number", {"image": 5}, 400, "malformed_body"),
    ("a list", {"image": [TEXT]}, 400, "malformed_body"),
    ("no base64", {"image": "gr\u00fc\u00dfe!"}, 400, "malformed_body"),
    ("cut base64", {"image": TEXT[:-3]}, 400, "malformed_body"),
    ("junk behind base64", {"image": TEXT + "===="}, 400, "malformed_body"),
    ("an address", {"image": "https://page.example/dog.jpg"}, 400, "malformed_body"),
    ("only a data URL's head", {"image": "data:image/png;base64,"}, 415, "unsupported_format"),
    ("base64 of text", {"image": base64.b64encode(b"I am text").decode()}, 415, "unsupported_format"),
    ("too large", {"image": base64.b64encode(BIG_JPEG).decode()}, 413, "upload_too_large"),
    ("too large a body", {"image": base64.b64encode(BIG_JPEG * 2).decode()}, 413, "upload_too_large"),
    ("no object", [TEXT], 400, "malformed_body"),
    ("no JSON", b"{image: x}", 400, "malformed_body"),
    ("no UTF-8", b'{"image": "\xff"}', 400, "malformed_body"),
    ("many members", {"image": TEXT, "model": [[]] * 1000}, 400, "malformed_body"),
    ("many names", {"image": TEXT, "model": "a," * 2000}, 400, "malformed_body"),
    ("a long name", {"image": TEXT, "model": "a" * 2000}, 400, "invalid_model"),
    ("nested deeply", b'{"image":' + b"[" * 200_000, 400, "malformed_body"),
    ("an empty body", b"", 400, "malformed_body"),
    ("top as truth", {"image": TEXT, "top": True}, 400, "invalid_top"),
    ("top as fraction", {"image": TEXT, "top": 3.5}, 400, "invalid_top"),
    ("top as object", {"image": TEXT, "top": {"a": 1}}, 400, "invalid_top"),
    ("model as number", {"image": TEXT, "model": 50}, 400, "invalid_model"),
    ("resize as list", {"image": TEXT, "resize": [["crop"]]}, 400, "invalid_resize"),
]


@pytest.mark.parametrize(("body", "status", "code"), [pytest.param(*row[1:], id=row[0]) for row in BAD])
def test_bad_json_gets_its_code(client: FlaskClient, body: Any, status: int, code: str) -> None:
    answer = as_json(client, body)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


CHUNKED = [
    pytest.param("image/jpeg", BIG_JPEG, id="a picture"),
    pytest.param("image/jpeg", BIG_JPEG[: (1 << 20) + 1], id="a picture of one byte more"),
    pytest.param("application/json", json.dumps({"image": TEXT + " " * 2_000_000}).encode(), id="JSON"),
]


@pytest.mark.parametrize(("kind", "body"), CHUNKED)
def test_a_body_without_a_length_is_not_cut_at_the_limit(client: FlaskClient, kind: str, body: bytes) -> None:
    answer = client.post("/predict", content_type=kind, **chunked(body))
    assert (answer.status_code, answer.get_json()["code"]) == (413, "upload_too_large")


def test_a_body_without_a_length_may_be_as_large_as_the_limit(client: FlaskClient) -> None:
    answer = client.post("/predict", content_type="image/jpeg", **chunked(BIG_JPEG[: 1 << 20]))
    assert answer.status_code == 200


def test_json_is_not_read_further_than_an_image_can_need(client: FlaskClient) -> None:
    longest = (1 << 20) * 3 // 2 + MAX_FIELD_BYTES
    for length, status in ((longest, 200), (longest + 1, 413)):
        body = json.dumps({"image": TEXT})
        assert as_json(client, body.encode() + b" " * (length - len(body))).status_code == status


@pytest.mark.parametrize(("kind", "body"), [("image/jpeg", JPEG[:-9]), ("application/json", b'{"image": "')])
def test_a_body_that_ends_before_its_length_is_told_so(client: FlaskClient, kind: str, body: bytes) -> None:
    environ = TERMINATED["environ_overrides"] | {"CONTENT_LENGTH": str(len(body) + 9)}
    answer = client.post("/predict", content_type=kind, input_stream=io.BytesIO(body), environ_overrides=environ)
    assert (answer.status_code, answer.get_json()["code"]) == (400, "malformed_body")
    assert "before its length" in answer.get_json()["detail"]


BAD_RAW = [
    ("image/jpeg", b"", 400, "missing_file"),
    ("image/jpeg", b"I am text", 415, "unsupported_format"),
    ("image/heic", b"\0\0\0\x18ftypheic" + bytes(40), 415, "unsupported_format"),
    ("image/jpeg", JPEG[:9000], 422, "truncated_image"),
    ("image/jpeg", BIG_JPEG, 413, "upload_too_large"),
    ("application/octet-stream", JPEG, 415, "unsupported_media_type"),
    ("text/html", JPEG, 415, "unsupported_media_type"),
    ("multipart/mixed; boundary=x", JPEG, 415, "unsupported_media_type"),
]


@pytest.mark.parametrize(("kind", "body", "status", "code"), BAD_RAW)
def test_a_bad_raw_body_gets_its_code(client: FlaskClient, kind: str, body: bytes, status: int, code: str) -> None:
    answer = client.post("/predict", data=body, content_type=kind)
    assert (answer.status_code, answer.get_json()["code"]) == (status, code)


def test_heic_is_refused_by_name_with_the_advice_to_send_jpeg(client: FlaskClient) -> None:
    detail = client.post("/predict", data=BAD_RAW[2][1], content_type="image/heic").get_json()["detail"]
    assert "HEIC" in detail
    assert "JPEG" in detail
