"""GET /livez, /readyz, /healthz: for probes. They speak for the worker that answers."""

from flask import Blueprint, Response, jsonify

from web.errors import problem
from web.service import current_service

blueprint = Blueprint("health", __name__)


@blueprint.get("/livez")
def livez() -> Response:
    """Answer 200 while this process handles requests."""
    return jsonify(status="live")


@blueprint.get("/readyz")
@blueprint.get("/healthz")
def readyz() -> Response:
    """Answer 200 when every served model is loaded, warmed and passed its known answers; else 503 with reasons."""
    registry = current_service().registry
    failures = registry.failures()
    if not failures:
        return jsonify(status="ready", models={name: entry.state.value for name, entry in registry.entries.items()})
    reasons = {name: entry.reason or entry.state.value for name, entry in failures.items()}
    return problem("not_ready", f"Not ready: {', '.join(failures)}.", reasons=reasons)
