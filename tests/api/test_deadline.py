"""Who is refused for want of time, with which code, and what the door learns of it."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models.road import Opinion
from tests.api.test_predict import BRIGHT
from tests.fakes import Waited
from tests.pictures import multipart
from web.pace import Pace
from web.service import Service


@pytest.fixture
def service(app: Flask) -> Service:
    found: Service = app.extensions["triptych"]
    return found


def learn(pace: Pace, seconds: float) -> None:
    pace.note(Opinion("png", decode_s=0.0, inference_s={"resnet50": seconds}))


def code(client: FlaskClient, waited_s: float, left_s: float, uploads: int = 1) -> str:
    """The code of the answer, empty where it is no problem. What is left of 10 s after *waited_s* went into sending."""
    with Waited(waited_s, left_s) as connection:
        answer = client.post(
            "/predict", **multipart(*[BRIGHT] * uploads), environ_overrides={"gunicorn.socket": connection}
        )
    return str(answer.get_json().get("code", ""))


def test_who_waited_so_long_that_the_answer_would_be_late_is_told_to_come_again(
    client: FlaskClient, service: Service
) -> None:
    learn(service.pace, 2.0)
    assert code(client, waited_s=9, left_s=1) == "overloaded"
    assert code(client, waited_s=7, left_s=3) == ""


def test_who_sent_so_slowly_that_the_answer_would_be_late_is_told_that_it_is(
    client: FlaskClient, service: Service
) -> None:
    learn(service.pace, 2.0)
    assert code(client, waited_s=1, left_s=1) == "deadline_exceeded"
    assert code(client, waited_s=1, left_s=3) == ""


def test_who_has_no_time_left_is_too_late_though_nothing_is_known_of_the_pace(client: FlaskClient) -> None:
    assert code(client, waited_s=1, left_s=0) == "deadline_exceeded"


def test_several_images_are_expected_to_take_as_many_times_as_long(client: FlaskClient, service: Service) -> None:
    learn(service.pace, 1.0)
    assert code(client, waited_s=7, left_s=3) == ""
    learn(service.pace, 1.0)
    assert code(client, waited_s=7, left_s=3, uploads=4) == "overloaded"


def test_however_many_images_there_are_half_of_the_deadline_is_enough_to_try(
    client: FlaskClient, service: Service
) -> None:
    learn(service.pace, 4.0)
    assert code(client, waited_s=4, left_s=6, uploads=4) == ""


def test_the_door_learns_from_what_was_on_the_road_and_from_nothing_else(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[float] = []
    monkeypatch.setattr(service.admission, "served", learned.append)
    client.post("/predict", data=b"text", content_type="text/plain")
    client.post("/predict", **multipart(BRIGHT, model="vgg61"))
    client.post("/predict", **multipart(BRIGHT + bytes(1 << 20)))
    client.post("/predict", **multipart(b"no image"))
    assert not learned
    client.post("/predict", **multipart(BRIGHT))
    assert len(learned) == 1
    assert 0 < learned[0] < 1
