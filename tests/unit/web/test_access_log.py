"""The line that is logged for each answer."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from web.access_log import AccessLogger


def test_an_answer_of_gunicorn_s_own_is_logged_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """It knows its status as a line only; failing to log it would end the worker."""
    lines: list[str] = []
    monkeypatch.setattr("web.access_log.log.info", lambda text, *values: lines.append(text % values))
    answer = SimpleNamespace(status="400 Bad Request", headers=[], sent=0)
    request = SimpleNamespace(method="POST", path="/predict")
    AccessLogger(Config()).access(answer, request, {"REMOTE_ADDR": "1.2.3.4"}, timedelta(0))
    assert lines == ['1.2.3.4 "POST /predict" 400 0 B 0.0 ms -']
