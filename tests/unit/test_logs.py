"""A log line: one event, whole, whoever wrote it and whatever is in it."""

import io
import json
import logging
import logging.config
import re
from collections.abc import Iterator
from typing import Any

import pytest

from logs import logging_config

HOSTILE = "a\r\nb\x1b[31m\x00\x85c\u2028d\x9b2J é \ud800"


@pytest.fixture(autouse=True)
def loggers() -> Iterator[None]:
    """Whatever is configured is undone."""
    names = ("", "gunicorn.error", "gunicorn.access", "flask-limiter", "celery", "kombu")
    kept = [(log := logging.getLogger(name), log.handlers[:], log.level, log.propagate) for name in names]
    yield
    for log, handlers, level, propagate in kept:
        log.handlers[:], log.propagate = handlers, propagate
        log.setLevel(level)


def configured(**options: Any) -> io.StringIO:
    """Configure logging as Gunicorn does, but into memory."""
    config = logging_config(options.pop("level", "info"), **({"access": True, "terminal": False} | options))
    written = io.StringIO()
    config["handlers"]["stderr"]["stream"] = written
    logging.config.dictConfig(config)
    return written


def events(written: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in written.getvalue().splitlines()]


def test_every_logger_writes_one_json_object_a_line() -> None:
    written = configured()
    logging.getLogger("models.registry").info("%s ready in %.2f s", "resnet50", 1.5)
    logging.getLogger("gunicorn.error").warning("Worker (pid:%s) was sent %s!", 7, "SIGKILL")
    ours, gunicorns = events(written)
    assert (ours["event"], ours["level"], ours["logger"]) == ("resnet50 ready in 1.50 s", "info", "models.registry")
    assert (gunicorns["event"], gunicorns["level"]) == ("Worker (pid:7) was sent SIGKILL!", "warning")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", ours["timestamp"])
    assert isinstance(ours["process"], int)


def test_a_failure_brings_its_traceback_without_the_values_of_variables() -> None:
    secret = "in a local variable"
    for terminal in (False, True):
        written = configured(terminal=terminal)
        try:
            raise ValueError(len(secret))
        except ValueError:
            logging.getLogger("web").exception("request %s failed", "abc")
        assert "ValueError: 19" in written.getvalue()
        assert secret not in written.getvalue()
    assert "ValueError" not in written.getvalue().splitlines()[0]


@pytest.mark.parametrize("terminal", [False, True])
def test_no_text_of_a_caller_forges_a_line_or_steers_a_terminal(terminal: bool) -> None:
    written = configured(terminal=terminal)
    logging.getLogger("web").warning("Invalid request: %s", HOSTILE)
    logging.getLogger("gunicorn.access").info("request", extra={"path": HOSTILE, "list": [HOSTILE]})
    lines = written.getvalue().split("\n")
    assert len(lines) == 3, "two events and what follows the last line's end"
    colours = re.compile(r"\x1b\[[0-9;]*m")
    for line in lines:
        plain = colours.sub("", line) if terminal else line
        assert not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", plain)
        assert "\x1b[31m\\" not in line


def test_not_even_debug_shows_what_libraries_tell_of_requests_and_images() -> None:
    written = configured(level="debug")
    logging.getLogger("gunicorn.error").debug("No more data after: b'X-API-Key: ...'")
    logging.getLogger("PIL.TiffImagePlugin").debug("tag: GPSLatitude")
    logging.getLogger("celery.concurrency").debug("TaskPool: Apply ... (args: a whole id)")
    logging.getLogger("kombu.transport").debug("whatever is in a message")
    logging.getLogger("web").debug("ours")
    assert [event["event"] for event in events(written)] == ["ours"]


def test_the_settings_decide_what_is_written() -> None:
    written = configured(level="error", access=False)
    logging.getLogger("web").warning("no")
    logging.getLogger("gunicorn.access").info("no")
    logging.getLogger("gunicorn.error").info("no")
    assert written.getvalue() == ""
    written = configured(level="error", access=True)
    logging.getLogger("gunicorn.access").info("request")
    assert [event["event"] for event in events(written)] == ["request"]


def test_the_rate_limiter_s_own_line_for_each_429_is_left_out_and_its_warnings_are_not() -> None:
    for level, count in (("debug", 1), ("warning", 1), ("error", 0)):
        written = configured(level=level)
        logging.getLogger("flask-limiter").info("ratelimit 1 per 1 hour (key:secret) exceeded")
        logging.getLogger("flask-limiter").warning("Rate limit storage unreachable")
        assert len(events(written)) == count
