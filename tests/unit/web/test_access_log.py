"""The event that is logged for each answer."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

from web.access_log import AccessLogger


def test_an_answer_of_gunicorn_s_own_is_logged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows its status as a line only; failing to log it would end the worker."""
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("web.access_log.log.isEnabledFor", lambda level: True)
    monkeypatch.setattr("web.access_log.log.info", lambda text, extra: events.append(extra))
    answer = SimpleNamespace(status="400 Bad Request", headers=[], sent=0)
    request = SimpleNamespace(method="POST", path="/predict")
    AccessLogger(Config()).access(answer, request, {"REMOTE_ADDR": "1.2.3.4"}, timedelta(0))
    assert events == [{"method": "POST", "path": "/predict", "status": 400, "peer": "1.2.3.4", "bytes_out": 0}], (
        "neither an id nor a time that nobody had"
    )
