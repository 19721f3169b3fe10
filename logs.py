"""What a log line is: JSON, one a line, ours and Gunicorn's alike; for a person at a terminal, text in colours."""

from typing import Any

from structlog.dev import ConsoleRenderer, plain_traceback
from structlog.processors import (
    CallsiteParameter,
    CallsiteParameterAdder,
    JSONRenderer,
    StackInfoRenderer,
    TimeStamper,
    format_exc_info,
)
from structlog.stdlib import ExtraAdder, ProcessorFormatter, add_log_level, add_logger_name
from structlog.typing import EventDict, Processor, WrappedLogger

_CELERY_A_MESSAGE = ("celery.worker.strategy", "celery.app.trace")  # two lines each; a chunk has its event
_BREAKING = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]  # control characters and what ends lines elsewhere
_VISIBLE = {code: ascii(chr(code))[1:-1] for code in _BREAKING}
_VISIBLE_IN_TRACEBACK = {code: shown for code, shown in _VISIBLE.items() if chr(code) not in "\n\t"}


def logging_config(level: str, *, access: bool, terminal: bool) -> dict[str, Any]:
    """Return what `logging.config.dictConfig` takes. *level*: the least severe; *access*: an event a request."""
    level = level.upper()
    theirs = "INFO" if level == "DEBUG" else level  # below, Gunicorn shows raw requests and Pillow what EXIF holds
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": ProcessorFormatter,
                "foreign_pre_chain": _facts(),
                "processors": [ProcessorFormatter.remove_processors_meta, *_renderers(terminal)],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"level": level, "handlers": ["stderr"]},
        "loggers": {
            **{name: {"level": theirs} for name in ("PIL", "celery", "kombu")},
            "gunicorn.error": {"level": theirs, "handlers": [], "propagate": True},
            "flask-limiter": {"level": "WARNING" if level in ("DEBUG", "INFO") else level},  # a 429 has its event
            **{name: {"level": "WARNING" if level in ("DEBUG", "INFO") else level} for name in _CELERY_A_MESSAGE},
            "gunicorn.access": {"level": "INFO" if access else "CRITICAL", "handlers": [], "propagate": True},
        },
    }


def _facts() -> list[Processor]:
    """Return what every event tells besides its words."""
    return [
        ExtraAdder(),
        add_log_level,
        add_logger_name,
        TimeStamper(fmt="iso", utc=True),
        CallsiteParameterAdder([CallsiteParameter.PROCESS]),
        StackInfoRenderer(),
    ]


def _renderers(terminal: bool) -> list[Processor]:
    if not terminal:
        return [format_exc_info, JSONRenderer()]  # ASCII, so nothing in it can break a line
    return [format_exc_info, visible, ConsoleRenderer(exception_formatter=plain_traceback)]


def visible(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Show control characters as escapes, so that what a caller sent can't forge a line or steer a terminal."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = value.translate(_VISIBLE_IN_TRACEBACK if name in ("exception", "stack") else _VISIBLE)
    return event
