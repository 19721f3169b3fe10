"""The event that is logged for each answer."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from web.access_log import AccessLogger


def logged(monkeypatch: pytest.MonkeyPatch, path: str) -> dict[str, Any]:
    """The event of an answer that Gunicorn gave by itself."""
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("web.access_log.log.isEnabledFor", lambda level: True)
    monkeypatch.setattr("web.access_log.log.info", lambda text, extra: events.append(extra))
    answer = SimpleNamespace(status="400 Bad Request", headers=[], sent=0)
    request = SimpleNamespace(method="POST", path=path)
    AccessLogger(Config()).access(answer, request, {"REMOTE_ADDR": "1.2.3.4"}, timedelta(0))
    (event,) = events
    return event


ID = "2503376678acaf28a8613d1f0a5324a2"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (f"/jobs/{ID}", "/jobs/25033766"),
        (f"/v1/jobs/{ID}", "/v1/jobs/25033766"),
        (f"/jobs//{ID}", "/jobs//25033766"),
        (f"/jobs/./{ID}/", "/jobs/./25033766/"),
        (f"/%6aobs/{ID}", "/%6aobs/25033766"),
        (f"/jobs%2F{ID}", "/jobs%2F2503376"),
        (f"/jobs/%32{ID[1:]}", "/jobs/%325033766"),
        ("/jobs/" + "".join(f"%{ord(digit):02X}" for digit in ID), "/jobs/%32%35%30%33%33%37%36%36"),
        ("/models/resnet50", "/models/resnet50"),
        ("/docs/swagger-ui-bundle.js", "/docs/swagger-ui-bundle.js"),
    ],
)
def test_of_a_job_s_id_no_more_is_logged_than_tells_it_from_others(
    monkeypatch: pytest.MonkeyPatch, path: str, shown: str
) -> None:
    assert logged(monkeypatch, path)["path"] == shown


def test_an_answer_of_gunicorn_s_own_is_logged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows its status as a line only; failing to log it would end the worker."""
    expected = {"method": "POST", "path": "/predict", "status": 400, "peer": "1.2.3.4", "bytes_out": 0}
    assert logged(monkeypatch, "/predict") == expected, "neither an id nor a time that nobody had"
