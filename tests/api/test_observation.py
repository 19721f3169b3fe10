"""What requests leave behind: counts at /metrics, and one event each."""

import io
import json
import logging
import subprocess
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import road
from models.deadline import Deadline
from preprocessing.decode import decode
from preprocessing.transform import transform
from tests.fakes import Waited
from tests.needed import needs
from tests.pictures import corners, encode, multipart
from tests.scraped import labels, value
from web import predict as predict_view
from web.access_log import AccessLogger
from web.metrics import BUCKETS_S

JPEG = encode(corners(), "JPEG")
NAME = "holiday-with-anna.jpg"


def predict(client: FlaskClient, upload: bytes = JPEG, path: str = "/predict", **fields: str) -> TestResponse:
    form = {"file": (io.BytesIO(upload), NAME), **fields}
    return client.post(path, data=form, headers={"X-API-Key": "key-of-anna"})


def scraped(client: FlaskClient, path: str = "/metrics") -> str:
    return client.get(path).text


def test_requests_are_counted_by_method_route_and_status(client: FlaskClient) -> None:
    for _ in range(3):
        assert predict(client).status_code == 200
    predict(client, path="/v1/predict")
    predict(client, b"text")
    client.get("/models/resnet50")
    client.get("/models/absent")
    client.get("/etc/passwd")
    client.post("/livez")
    client.options("/predict")
    text = scraped(client)
    assert value(text, "http_requests_total", method="POST", route="/predict", code="200") == 3
    assert value(text, "http_requests_total", method="POST", route="/v1/predict", code="200") == 1
    assert value(text, "http_requests_total", method="POST", route="/predict", code="415") == 1
    assert value(text, "http_requests_total", route="/models/<name>") == 2
    assert value(text, "http_requests_total", route="unmatched") == 2
    assert value(text, "http_requests_total") == 10
    assert value(text, "http_request_duration_seconds_count") == 9, "all but the preflight"
    assert value(text, "http_requests_in_flight") == 1, "the scrape itself"


def test_the_stages_of_an_inference_are_timed(client: FlaskClient) -> None:
    predict(client)
    predict(client)
    text = scraped(client)
    assert value(text, "triptych_images_total", format="jpeg") == 2
    assert value(text, "triptych_predictions_total", model="resnet50") == 2
    assert value(text, "triptych_image_decode_duration_seconds_count") == 2
    assert value(text, "triptych_inference_queue_wait_seconds_count") == 2
    assert value(text, "triptych_inference_duration_seconds_count", model="resnet50", precision="float32") == 2
    assert 0 < value(text, "triptych_inference_duration_seconds_sum") < 10


def test_what_was_not_answered_is_counted_by_its_code(client: FlaskClient) -> None:
    assert value(scraped(client), "triptych_inference_rejected_total", reason="overloaded") == 0
    assert labels(scraped(client), "triptych_inference_rejected_total") == [{"reason": "overloaded"}]
    predict(client, model="vgg16")
    predict(client, model="inceptionv3")
    predict(client, model="mobilenetv2")
    predict(client, JPEG[:200])
    client.get("/readyz")
    text = scraped(client)
    reasons = {each["reason"] for each in labels(text, "triptych_inference_rejected_total")}
    assert reasons == {"overloaded", "weights_missing", "not_ready", "internal_error", "truncated_image"}
    assert value(text, "triptych_inference_rejected_total") == 4
    assert value(text, "triptych_images_total") == 1, "the image was decoded, whatever the network did then"
    assert value(text, "triptych_image_decode_duration_seconds_count") == 2, "of the cut one too"
    assert value(text, "triptych_images_failed_total", reason="truncated_image") == 1


def test_each_image_of_several_is_counted_and_timed_by_itself(
    client: FlaskClient,
    environs: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, took = [0.0], iter((0.001, 2.0, 0.001))

    def timed(*arguments: Any, **options: Any) -> Any:
        now[0] += next(took)
        return decode(*arguments, **options)

    monkeypatch.setattr(road, "decode", timed)
    monkeypatch.setattr(road, "time", SimpleNamespace(monotonic=lambda: now[0]))
    answer = client.post("/predict", **multipart(JPEG, JPEG, b"text", b"a", JPEG[:200]))
    assert answer.status_code == 413
    answer = client.post("/predict", **multipart(JPEG, JPEG, b"text", JPEG[:200]))
    assert answer.status_code == 200
    event = logged(answer, environs[-1], caplog)
    assert event["image_codes"] == {"unsupported_format": 1, "truncated_image": 1}
    text = scraped(client)
    assert value(text, "triptych_images_failed_total", reason="unsupported_format") == 1
    assert value(text, "triptych_images_failed_total", reason="truncated_image") == 1
    assert value(text, "triptych_images_total") == 2
    assert value(text, "triptych_image_decode_duration_seconds_count") == 3, "text is none"
    assert event["decode_ms"] == pytest.approx(2002)
    assert value(text, "triptych_image_decode_duration_seconds_sum") == pytest.approx(2.002)
    at_once = value(text, "triptych_image_decode_duration_seconds_bucket", le="0.005")
    assert at_once == 2, "the quick ones, however long the slow one took"


def test_the_wait_for_a_worker_counts_as_queueing_in_log_metric_and_header(
    client: FlaskClient, environs: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with Waited() as connection:
        answer = client.post("/predict", **multipart(JPEG), environ_overrides={"gunicorn.socket": connection})
    assert answer.status_code == 200
    assert logged(answer, environs[-1], caplog)["queue_ms"] >= 3000
    assert value(scraped(client), "triptych_inference_queue_wait_seconds_sum") >= 3
    queued_ms = answer.headers["Server-Timing"].partition("queue;dur=")[2].partition(",")[0]
    assert float(queued_ms) >= 3000


def test_an_image_that_is_late_leaves_what_it_took(
    client: FlaskClient,
    environs: list[dict[str, Any]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deadline = Deadline()

    def slow(*arguments: Any) -> Any:
        deadline.ends_at = 0
        return transform(*arguments)

    monkeypatch.setattr(road, "transform", slow)
    monkeypatch.setattr(predict_view, "request_deadline", lambda deadline_s: deadline)
    with Waited() as connection:
        answer = client.post("/predict", **multipart(JPEG), environ_overrides={"gunicorn.socket": connection})
    assert answer.status_code == 504
    event = logged(answer, environs[-1], caplog)
    assert event["decode_ms"] >= 0
    assert event["queue_ms"] >= 3000
    assert event["formats"] == ["jpeg"]
    assert value(scraped(client), "triptych_images_total", format="jpeg") == 1


def test_models_tell_whether_they_are_loaded_and_gave_their_known_answers(client: FlaskClient, app: Flask) -> None:
    text = scraped(client)
    names = ("resnet50", "vgg16", "inceptionv3", "mobilenetv2")
    assert labels(text, "triptych_model_loaded") == [{"model": name} for name in names]
    assert [value(text, "triptych_model_loaded", model=name) for name in names] == [1, 0, 0, 1]
    facts = {"version": "0123456789ab", "precision": "float32", "weights": "imagenet"}
    assert labels(text, "triptych_model_info") == [{"model": name} | facts for name in ("resnet50", "mobilenetv2")]
    assert value(text, "triptych_model_info", model="resnet50") == 1
    assert value(text, "triptych_self_test_ok", model="resnet50") == 1
    app.extensions["triptych"].metrics.self_tested("resnet50", False)
    text = scraped(client)
    assert value(text, "triptych_self_test_ok", model="resnet50") == 0
    assert value(text, "triptych_self_test_timestamp_seconds", model="resnet50") > 1.7e9
    assert value(text, "triptych_build_info", litert="2.3.0") == 1


def test_no_caller_makes_a_label(client: FlaskClient) -> None:
    for i in range(20):
        client.get(f"/{i}?x={i}", headers={"X-Request-ID": f"number-{i:04}"})
        client.open("/predict", method=f"METHOD{i}")
        predict(client, model=f"model{i}")
        client.get(f"/models/m{i}")
    requests = labels(scraped(client), "http_requests_total")
    assert {each["method"] for each in requests} == {"GET", "POST", "OTHER"}
    assert {each["route"] for each in requests} == {"unmatched", "/predict", "/models/<name>"}
    assert len(requests) == 4


def test_the_buckets_are_those_that_objectives_may_name(client: FlaskClient) -> None:
    edges = [each["le"] for each in labels(scraped(client), "triptych_image_decode_duration_seconds_bucket")]
    assert [float(edge) for edge in edges] == [*BUCKETS_S, float("inf")]


def test_a_scraper_gets_the_format_that_it_asks_for(client: FlaskClient) -> None:
    assert client.get("/metrics").content_type.startswith("text/plain; version=")
    newer = client.get("/v1/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})
    assert newer.content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert newer.text.endswith("# EOF\n")


def test_promtool_finds_no_fault(client: FlaskClient) -> None:
    promtool = needs("promtool", "prometheus")
    predict(client)
    done = subprocess.run(
        [promtool, "check", "metrics"], input=scraped(client), capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture
def environs(client: FlaskClient) -> list[dict[str, Any]]:
    """Those that requests were made with: the test client answers with copies."""
    seen, inner = list[dict[str, Any]](), client.application.wsgi_app

    def keep(environ: dict[str, Any], start_response: Any) -> Any:
        seen.append(environ)
        return inner(environ, start_response)

    client.application.wsgi_app = keep  # type: ignore[method-assign]
    return seen


def logged(answer: TestResponse, environ: dict[str, Any], caplog: pytest.LogCaptureFixture) -> dict[str, Any]:
    """The event that Gunicorn's logger writes of a request to the test client."""
    request = SimpleNamespace(method=environ["REQUEST_METHOD"], path=environ["PATH_INFO"])
    response = SimpleNamespace(headers=list(answer.headers), status=answer.status, sent=len(answer.data))
    with caplog.at_level(logging.INFO, "gunicorn.access"):
        AccessLogger.access(
            object.__new__(AccessLogger), response, request, environ, timedelta(days=-1)
        )  # a clock that jumps
    (record,) = [each for each in caplog.records if each.name == "gunicorn.access"]
    plain = {*vars(logging.makeLogRecord({})), "message"}  # what every record has
    return {name: value for name, value in vars(record).items() if name not in plain}


def test_an_answer_leaves_one_event_that_tells_what_it_took(
    client: FlaskClient, environs: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    answer = predict(client, top="1")
    event = logged(answer, environs[-1], caplog)
    assert event.pop("inference_ms").keys() == {"resnet50"}
    assert all(isinstance(event.pop(name), float) for name in ("decode_ms", "queue_ms"))
    assert event.pop("bytes_in") > len(JPEG)
    assert 0 < event.pop("total_ms") < 60_000
    assert event == {
        "request_id": answer.headers["X-Request-ID"],
        "method": "POST",
        "path": "/predict",
        "route": "/predict",
        "status": 200,
        "peer": "127.0.0.1",
        "bytes_out": len(answer.data),
        "images": 1,
        "image_bytes": len(JPEG),
        "formats": ["jpeg"],
    }


def test_a_length_that_nobody_named_is_left_out(
    client: FlaskClient, environs: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post("/predict", data=JPEG, content_type="image/jpeg")
    del environs[-1]["CONTENT_LENGTH"]  # as of a chunked body
    assert "bytes_in" not in logged(answer, environs[-1], caplog)


def test_a_refusal_leaves_its_code(
    client: FlaskClient, environs: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    event = logged(predict(client, b"text"), environs[-1], caplog)
    assert (event["status"], event["code"], event["route"]) == (415, "unsupported_format", "/predict")
    assert "formats" not in event


def test_no_event_tells_what_a_caller_meant_for_us_alone(
    client: FlaskClient, environs: list[dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/predict?model=resnet50&key=secret", "/nowhere?key=secret"):
        caplog.clear()
        answer = predict(client, path=path)
        written = json.dumps(logged(answer, environs[-1], caplog))
        assert not [word for word in ("secret", NAME, "anna", "key=") if word in written]
